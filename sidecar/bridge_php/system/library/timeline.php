<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * What happened to one customer, newest first.
 *
 * It is merged from several tables, each read by an index of the customer's and in an order of its
 * own. Where a page ends is kept for each of them, so that nothing is lost or told twice at equal
 * instants, nor in the hour that a clock shows twice.
 */
class Timeline {
	/** Entries of a page. */
	public const PAGE = 25;

	/** What there is to choose from; `order` also tells how orders moved between statuses. */
	public const KINDS = ['order', 'points', 'credit', 'tag', 'group', 'segment', 'tier', 'consent'];

	/** The tables behind each kind. */
	private const SOURCES = [
		'order'   => ['status', 'order'],
		'points'  => ['points', 'reward'],
		'credit'  => ['credit', 'transaction'],
		'tag'     => ['tag'],
		'group'   => ['group'],
		'segment' => ['segment'],
		'tier'    => ['tier'],
		'consent' => ['consent']
	];

	/** Per source: its statement up to the place and the order, its instant, its number, and whether the instant is the store's date. */
	private const STATEMENTS = [
		'order'       => ['SELECT o.`order_id` AS `id`, o.`date_added` AS `at` FROM {order} o WHERE o.`customer_id` = ? AND o.`order_status_id` > 0', 'o.`date_added`', 'o.`order_id`', true],
		'status'      => ['SELECT h.`order_history_id` AS `id`, h.`date_added` AS `at` FROM {order} o INNER JOIN {order_history} h ON (h.`order_id` = o.`order_id`) WHERE o.`customer_id` = ?', 'h.`date_added`', 'h.`order_history_id`', true],
		'reward'      => ['SELECT r.`customer_reward_id` AS `id`, r.`date_added` AS `at` FROM {customer_reward} r WHERE r.`customer_id` = ?', 'r.`date_added`', 'r.`customer_reward_id`', true],
		'transaction' => ['SELECT r.`customer_transaction_id` AS `id`, r.`date_added` AS `at` FROM {customer_transaction} r WHERE r.`customer_id` = ?', 'r.`date_added`', 'r.`customer_transaction_id`', true],
		'points'      => ["SELECT e.`entry_id` AS `id`, e.`at` FROM {sidecar_entry} e WHERE e.`unit` = 'points' AND e.`customer_id` = ?", 'e.`at`', 'e.`entry_id`', false],
		'credit'      => ["SELECT e.`entry_id` AS `id`, e.`at` FROM {sidecar_entry} e WHERE e.`unit` = 'credit' AND e.`customer_id` = ?", 'e.`at`', 'e.`entry_id`', false],
		'tag'         => ["SELECT a.`audit_id` AS `id`, a.`at` FROM {sidecar_audit} a WHERE a.`customer_id` = ? AND (a.`tags_added` <> '' OR a.`tags_removed` <> '')", 'a.`at`', 'a.`audit_id`', false],
		'group'       => ['SELECT a.`audit_id` AS `id`, a.`at` FROM {sidecar_audit} a WHERE a.`customer_id` = ? AND a.`group_to` IS NOT NULL', 'a.`at`', 'a.`audit_id`', false],
		'segment'     => ['SELECT s.`change_id` AS `id`, s.`at` FROM {sidecar_segment_change} s WHERE s.`customer_id` = ?', 's.`at`', 's.`change_id`', false],
		'tier'        => ['SELECT t.`change_id` AS `id`, t.`at` FROM {sidecar_tier_change} t WHERE t.`customer_id` = ?', 't.`at`', 't.`change_id`', false],
		'consent'     => ['SELECT c.`consent_id` AS `id`, c.`at` FROM {sidecar_consent} c WHERE c.`customer_id` = ?', 'c.`at`', 'c.`consent_id`', false]
	];

	/** What is told of the rows of a source that a page shows. */
	private const DETAILS = [
		'order'       => 'SELECT o.`order_id` AS `id`, o.`order_id`, CAST(o.`total` * 10000 AS SIGNED) AS `total`, o.`order_status_id` FROM {order} o WHERE o.`order_id` IN (?)',
		'status'      => 'SELECT h.`order_history_id` AS `id`, h.`order_id`, h.`order_status_id`, h.`notify`, h.`comment` FROM {order_history} h WHERE h.`order_history_id` IN (?)',
		'reward'      => 'SELECT r.`customer_reward_id` AS `id`, r.`points` AS `amount`, r.`description`, r.`order_id` FROM {customer_reward} r WHERE r.`customer_reward_id` IN (?)',
		'transaction' => 'SELECT r.`customer_transaction_id` AS `id`, CAST(r.`amount` * 10000 AS SIGNED) AS `amount`, r.`description`, r.`order_id` FROM {customer_transaction} r WHERE r.`customer_transaction_id` IN (?)',
		'points'      => self::ENTRY,
		'credit'      => self::ENTRY,
		'tag'         => 'SELECT a.`audit_id` AS `id`, a.`run_id`, a.`tags_added`, a.`tags_removed`, a.`asserted`, a.`retracted`, r.`kind` AS `run`, r.`actor` FROM {sidecar_audit} a LEFT JOIN {sidecar_run} r ON (r.`run_id` = a.`run_id`) WHERE a.`audit_id` IN (?)',
		'group'       => 'SELECT a.`audit_id` AS `id`, a.`run_id`, a.`group_from`, a.`group_to`, a.`group_why`, r.`kind` AS `run`, r.`actor` FROM {sidecar_audit} a LEFT JOIN {sidecar_run} r ON (r.`run_id` = a.`run_id`) WHERE a.`audit_id` IN (?)',
		'segment'     => 'SELECT s.`change_id` AS `id`, s.`entered`, n.`name` FROM {sidecar_segment_change} s LEFT JOIN {sidecar_segment} n ON (n.`segment_id` = s.`segment_id`) WHERE s.`change_id` IN (?)',
		'tier'        => 'SELECT t.`change_id` AS `id`, t.`was`, t.`tier`, t.`why` FROM {sidecar_tier_change} t WHERE t.`change_id` IN (?)',
		'consent'     => 'SELECT c.`consent_id` AS `id`, c.`channel`, c.`purpose`, c.`state`, c.`source`, c.`actor` FROM {sidecar_consent} c WHERE c.`consent_id` IN (?)'
	];

	private const ENTRY = 'SELECT e.`entry_id` AS `id`, e.`kind`, e.`amount`, c.`kind` AS `cause`, c.`source_id`, c.`actor`, c.`reason` FROM {sidecar_entry} e LEFT JOIN {sidecar_cause} c ON (c.`cause_id` = e.`cause_id`) WHERE e.`entry_id` IN (?)';

	/** Store's dates before this are no dates. */
	private const EARLIEST = '1970-01-02 00:00:00';

	private Database $database;
	private int $customer_id;

	public function __construct(Database $database, int $customer_id) {
		$this->database = $database;
		$this->customer_id = $customer_id;
	}

	/**
	 * A page of it.
	 *
	 * @param list<string> $kinds of KINDS
	 * @param string       $after `next` of the page before; '' for the first
	 *
	 * @return array{entries: list<array{source: string, id: int, at: int, row: array<string, ?string>}>, next: string}
	 *   at: seconds since 1970; row: as DETAILS selects it, texts of the store still escaped; next: '' at the end
	 */
	public function page(array $kinds, string $after = ''): array {
		$places = self::places($after);
		$waiting = [];

		foreach ($this->sources($kinds) as $source) {
			$waiting[$source] = $this->heads($source, $places[$source] ?? null);
		}

		$entries = [];

		while (count($entries) < self::PAGE) {
			$newest = '';

			foreach ($waiting as $source => $rows) {
				if ($rows && ($newest === '' || $rows[0]['instant'] > $waiting[$newest][0]['instant'])) {
					$newest = $source;
				}
			}

			if ($newest === '') {
				break;
			}

			$row = array_shift($waiting[$newest]);
			$places[$newest] = [$row['at'], $row['id']];
			$entries[] = ['source' => $newest, 'id' => $row['id'], 'at' => $row['instant'], 'row' => []];
		}

		return [
			'entries' => $this->detailed($entries),
			'next'    => array_filter($waiting) ? (string)json_encode($places) : ''
		];
	}

	/**
	 * The tables that are read.
	 *
	 * @param list<string> $kinds
	 *
	 * @return list<string>
	 */
	private function sources(array $kinds): array {
		$sources = [];

		foreach (array_intersect(self::KINDS, $kinds) as $kind) {
			$sources = array_merge($sources, self::SOURCES[$kind]);
		}

		// What our ledger tells is in the store's rows too.
		$kept = array_column($this->database->rows('SELECT `unit` FROM {sidecar_account} WHERE `customer_id` = ? AND `unit` IN (?)', [$this->customer_id, ['points', 'credit']]), 'unit');
		$other = ['points' => 'reward', 'credit' => 'transaction'];

		foreach ($other as $unit => $native) {
			$sources = array_diff($sources, [in_array($unit, $kept, true) ? $native : $unit]);
		}

		// Without an index, an order's history is looked for among everybody's.
		if (in_array('status', $sources, true) && !$this->database->rows("SHOW INDEX FROM {order_history} WHERE `Column_name` = 'order_id' AND `Seq_in_index` = 1")) {
			$sources = array_diff($sources, ['status']);
		}

		return array_values($sources);
	}

	/**
	 * The next rows of a source, one more than a page holds.
	 *
	 * @param ?array{0: string, 1: int} $place where the page before ended
	 *
	 * @return list<array{id: int, at: string, instant: int}>
	 */
	private function heads(string $source, ?array $place): array {
		[$sql, $at, $id, $dated] = self::STATEMENTS[$source];
		$values = [$this->customer_id];

		if ($dated) {
			$sql .= " AND $at >= ?";
			$values[] = self::EARLIEST;
		}

		if ($place) {
			$sql .= " AND ($at < ? OR ($at = ? AND $id < ?))";
			$instant = $dated ? $place[0] : (int)$place[0];
			array_push($values, $instant, $instant, $place[1]);
		}

		$rows = $this->database->rows($sql . " ORDER BY $at DESC, $id DESC LIMIT " . (self::PAGE + 1), $values);

		return array_map(static function (array $row) use ($dated): array {
			return [
				'id'      => (int)$row['id'],
				'at'      => (string)$row['at'],
				'instant' => $dated ? (int)strtotime((string)$row['at']) : (int)$row['at']
			];
		}, $rows);
	}

	/**
	 * Entries with what is told of them.
	 *
	 * @param list<array{source: string, id: int, at: int, row: array<string, ?string>}> $entries
	 *
	 * @return list<array{source: string, id: int, at: int, row: array<string, ?string>}>
	 */
	private function detailed(array $entries): array {
		$rows = [];

		foreach (array_unique(array_column($entries, 'source')) as $source) {
			$ids = [];

			foreach ($entries as $entry) {
				if ($entry['source'] === $source) {
					$ids[] = $entry['id'];
				}
			}

			$rows[$source] = array_column($this->database->rows(self::DETAILS[$source], [$ids]), null, 'id');
		}

		foreach ($entries as $place => $entry) {
			$entries[$place]['row'] = $rows[$entry['source']][$entry['id']] ?? [];
		}

		return $entries;
	}

	/**
	 * Where a page ended, by source; what is not one is left out.
	 *
	 * @return array<string, array{0: string, 1: int}>
	 */
	private static function places(string $after): array {
		$places = [];

		foreach ((array)json_decode($after, true) as $source => $place) {
			if (isset(self::STATEMENTS[$source]) && is_array($place) && is_string($place[0] ?? null) && is_int($place[1] ?? null)) {
				$places[$source] = [$place[0], $place[1]];
			}
		}

		return $places;
	}
}
