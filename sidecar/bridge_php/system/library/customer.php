<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * One customer, as the store's and our tables have them.
 *
 * Instants are seconds since 1970 as text, or null; amounts are in ten-thousandths.
 */
class Customer {
	/** What `group_hold` means. */
	private const HOLDS = [1 => 'found', 2 => 'outside', 3 => 'outside_again', 4 => 'stopped'];

	private Database $database;
	private Vocabulary $vocabulary;
	private int $customer_id;

	/** @var ?array<string, ?string> */
	private ?array $row = null;

	public function __construct(Database $database, Vocabulary $vocabulary, int $customer_id) {
		$this->database = $database;
		$this->vocabulary = $vocabulary;
		$this->customer_id = $customer_id;
	}

	/**
	 * Who it is; null: the store has no such customer, or our tables are not there.
	 *
	 * @return ?array{customer_id: int, name: string, email: string, telephone: string, group_id: int, status: bool, since: string}
	 *   since: as the store keeps it; '' where it has no date
	 */
	public function head(): ?array {
		$row = $this->database->row('SELECT `firstname`, `lastname`, `email`, `telephone`, `customer_group_id`, `status`, `date_added` FROM {customer} WHERE `customer_id` = ?', [$this->customer_id]);

		if (!$row || (new Daemon($this->database))->schema() === null) {
			return null;
		}

		$since = (string)$row['date_added'];

		return [
			'customer_id' => $this->customer_id,
			'name'        => trim(Text::plain($row['firstname']) . ' ' . Text::plain($row['lastname'])),
			'email'       => Text::plain($row['email']),
			'telephone'   => Text::plain($row['telephone']),
			'group_id'    => (int)$row['customer_group_id'],
			'status'      => (int)$row['status'] === 1,
			'since'       => strncmp($since, '0000', 4) ? $since : ''
		];
	}

	/**
	 * What they bought, as our tables have it; null: nobody looked at them yet.
	 *
	 * @return ?array{orders: int, spent: string, last: ?string, average: ?string}
	 */
	public function bought(): ?array {
		$row = $this->row();

		if (!$row) {
			return null;
		}

		$orders = (int)$row['orders'];

		return [
			'orders'  => $orders,
			'spent'   => (string)$row['total_spent'],
			'last'    => $row['last_order_at'],
			'average' => $orders ? (string)intdiv((int)$row['total_spent'], $orders) : null
		];
	}

	/**
	 * What keeps their data from being used: kinds of restriction with who, when and why.
	 *
	 * @return list<array{kind: string, since: string, until: ?string, actor: string, reason: string}>
	 *   kind: restricted, no_profiling, no_marketing or hold
	 */
	public function restrictions(): array {
		$rows = $this->database->rows("SELECT `kind`, `since`, NULL AS `until`, `actor`, `reason` FROM {sidecar_restriction} WHERE `customer_id` = ? UNION ALL SELECT 'hold', `since`, `until`, `actor`, `reason` FROM {sidecar_legal_hold} WHERE `customer_id` = ? AND (`until` IS NULL OR `until` > ?)", [$this->customer_id, $this->customer_id, time()]);

		return array_map(static function (array $row): array {
			return [
				'kind'   => (string)$row['kind'],
				'since'  => (string)$row['since'],
				'until'  => $row['until'],
				'actor'  => Text::actor($row['actor']),
				'reason' => (string)$row['reason']
			];
		}, $rows);
	}

	/**
	 * Tags that are in effect or that a person took off, by name.
	 *
	 * @return list<array{name: string, colour: string, holds: bool, pinned: bool, sources: list<array{kind: string, since: string, until: ?string, actor: string, reason: string, requalify: bool}>}>
	 *   pinned: a person said so, and something else would speak if they gave it back; sources: those that live
	 */
	public function tags(): array {
		$said = [];

		foreach ($this->database->rows("SELECT `tag_id`, `source_kind`, `since`, `until`, `actor`, `reason`, `requalify` FROM {sidecar_assertion} WHERE `customer_id` = ? AND (`until` IS NULL OR `until` > ?) ORDER BY `tag_id`, `source_kind`, `source_id`", [$this->customer_id, time()]) as $row) {
			$said[(int)$row['tag_id']][] = [
				'kind'      => (string)$row['source_kind'],
				'since'     => (string)$row['since'],
				'until'     => $row['until'],
				'actor'     => Text::actor($row['actor']),
				'reason'    => (string)$row['reason'],
				'requalify' => (bool)$row['requalify']
			];
		}

		$ruled = array_column($this->database->rows("SELECT t.`tag_id` FROM {sidecar_tag} t INNER JOIN {sidecar_rule} r ON (r.`kind` = 'tag' AND r.`name_key` = t.`name_key`) WHERE r.`fingerprint` != ''"), 'tag_id');
		$tags = [];

		foreach ($this->vocabulary->tags() as $tag_id => $tag) {
			$sources = $said[$tag_id] ?? [];
			$holds = $this->has('tags', $tag['slot']);
			$kinds = array_column($sources, 'kind');
			$pins = array_intersect($kinds, ['pin_in', 'pin_out']);
			// Of a tag that only a person gave, giving it back is taking it off.
			$has_more = array_diff($kinds, ['pin_in']) || in_array((string)$tag_id, $ruled, true);

			if ($holds || $pins) {
				$tags[] = ['name' => $tag['name'], 'colour' => $tag['colour'], 'holds' => $holds, 'pinned' => $pins && $has_more, 'sources' => $sources];
			}
		}

		return $tags;
	}

	/**
	 * Segments that they are in, or that a person keeps them out of, built-in ones first.
	 *
	 * @return list<array{name: string, holds: bool, pin: ?array{direction: string, since: string, until: ?string, actor: string, reason: string, requalify: bool}}>
	 */
	public function segments(): array {
		$pins = $this->pins('segment');
		$segments = [];

		foreach ($this->vocabulary->segments() as $segment_id => $segment) {
			$holds = $this->has('segments', $segment['slot']);

			if ($holds || isset($pins[$segment_id])) {
				$segments[] = ['name' => $segment['name'], 'holds' => $holds, 'pin' => $pins[$segment_id] ?? null];
			}
		}

		return $segments;
	}

	/**
	 * What is known of their customer group beside its name.
	 *
	 * @return array{since: ?string, hold: string, pin: ?array{direction: string, since: string, until: ?string, actor: string, reason: string, requalify: bool}, move: ?array{at: string, from: int, to: int, why: int, run: int}}
	 *   hold: found, outside, outside_again, stopped or ''; move: the ladder's last
	 */
	public function group(int $group_id): array {
		$row = $this->row();
		$move = $this->database->row('SELECT `at`, `run_id`, `group_from`, `group_to`, `group_why` FROM {sidecar_audit} WHERE `customer_id` = ? AND `group_to` IS NOT NULL ORDER BY `at` DESC, `audit_id` DESC LIMIT 1', [$this->customer_id]);
		$seen = $row && (int)$row['group_id'] === $group_id;

		return [
			'since' => $seen ? $row['group_since'] : null,
			'hold'  => $row ? self::HOLDS[(int)$row['group_hold']] ?? '' : '',
			'pin'   => $this->pins('group')[$group_id] ?? null,
			'move'  => $move ? ['at' => (string)$move['at'], 'from' => (int)$move['group_from'], 'to' => (int)$move['group_to'], 'why' => (int)$move['group_why'], 'run' => (int)$move['run_id']] : null
		];
	}

	/**
	 * Their tier; null: they have none.
	 *
	 * @return ?array{name: string, since: ?string, review: ?string, grace: ?string, lock: ?array{until: ?string, actor: string, reason: string}}
	 */
	public function tier(): ?array {
		$row = $this->database->row('SELECT `tier`, `since`, `review_at`, `grace_until`, `lock_tier`, `lock_until`, `lock_actor`, `lock_reason` FROM {sidecar_tier} WHERE `customer_id` = ?', [$this->customer_id]);

		if (!$row || ($row['tier'] === null && $row['lock_tier'] === null)) {
			return null;
		}

		$locked = $row['lock_tier'] !== null && ($row['lock_until'] === null || (int)$row['lock_until'] > time());

		return [
			'name'   => (string)($locked ? $row['lock_tier'] : $row['tier']),
			'since'  => $row['since'],
			'review' => $row['review_at'],
			'grace'  => $row['grace_until'],
			'lock'   => $locked ? ['until' => $row['lock_until'], 'actor' => Text::actor($row['lock_actor']), 'reason' => (string)$row['lock_reason']] : null
		];
	}

	/**
	 * What they have in points and store credit, by unit: of our ledger where there is one, else
	 * the sum of the store's own rows.
	 *
	 * @return array<string, array{available: string, pending: ?string, expiring: ?string, expires: ?string}>
	 *   points are whole; pending and expiring null: not kept
	 */
	public function balances(): array {
		$balances = [];

		foreach ($this->database->rows('SELECT `unit`, `available`, `pending` FROM {sidecar_account} WHERE `customer_id` = ? AND `unit` IN (?)', [$this->customer_id, ['points', 'credit']]) as $row) {
			$unit = (string)$row['unit'];
			$lot = $this->database->row("SELECT `expires_at`, SUM(`remaining`) AS `remaining` FROM {sidecar_lot} WHERE `unit` = ? AND `customer_id` = ? AND `remaining` > 0 AND `expires_at` IS NOT NULL AND `is_released` = 1 GROUP BY `expires_at` ORDER BY `expires_at` LIMIT 1", [$unit, $this->customer_id]);
			$balances[$unit] = [
				'available' => (string)$row['available'],
				'pending'   => (string)$row['pending'],
				'expiring'  => $lot['remaining'] ?? null,
				'expires'   => $lot['expires_at'] ?? null
			];
		}

		$native = [
			'points' => 'SELECT COALESCE(SUM(`points`), 0) FROM {customer_reward} WHERE `customer_id` = ?',
			'credit' => 'SELECT CAST(COALESCE(SUM(`amount`), 0) * 10000 AS SIGNED) FROM {customer_transaction} WHERE `customer_id` = ?'
		];

		foreach ($native as $unit => $sql) {
			if (!isset($balances[$unit])) {
				$balances[$unit] = ['available' => (string)$this->database->value($sql, [$this->customer_id]), 'pending' => null, 'expiring' => null, 'expires' => null];
			}
		}

		return $balances;
	}

	/**
	 * Why they cannot be processed; '' where they can.
	 */
	public function aside(): string {
		return (string)$this->database->value('SELECT `error` FROM {sidecar_set_aside} WHERE `customer_id` = ?', [$this->customer_id]);
	}

	/**
	 * Their row of ours, with the words as hexadecimal digits: 64 bits are more than PHP counts to.
	 *
	 * @return array<string, ?string> empty: nobody looked at them yet
	 */
	private function row(): array {
		if ($this->row === null) {
			$words = [];

			foreach (['tags' => 8, 'segments' => 4] as $kind => $count) {
				for ($word = 0; $word < $count; $word++) {
					$words[] = "HEX(`$kind$word`) AS `$kind$word`";
				}
			}

			$this->row = $this->database->row('SELECT `orders`, `total_spent`, `last_order_at`, `group_id`, `group_since`, `group_hold`, ' . implode(', ', $words) . ' FROM {sidecar_customer} WHERE `customer_id` = ?', [$this->customer_id]) ?? [];
		}

		return $this->row;
	}

	private function has(string $kind, int $slot): bool {
		return Badges::has((string)($this->row()[$kind . intdiv($slot, 64)] ?? ''), $slot % 64);
	}

	/**
	 * A person's words that live, by what they are about.
	 *
	 * @param 'segment'|'group' $kind
	 *
	 * @return array<int, array{direction: string, since: string, until: ?string, actor: string, reason: string, requalify: bool}>
	 */
	private function pins(string $kind): array {
		$pins = [];

		foreach ($this->database->rows('SELECT `target_id`, `direction`, `since`, `until`, `requalify`, `actor`, `reason` FROM {sidecar_pin} WHERE `customer_id` = ? AND `kind` = ? AND (`until` IS NULL OR `until` > ?)', [$this->customer_id, $kind, time()]) as $row) {
			$pins[(int)$row['target_id']] = [
				'direction' => (string)$row['direction'],
				'since'     => (string)$row['since'],
				'until'     => $row['until'],
				'actor'     => Text::actor($row['actor']),
				'reason'    => (string)$row['reason'],
				'requalify' => (bool)$row['requalify']
			];
		}

		return $pins;
	}
}
