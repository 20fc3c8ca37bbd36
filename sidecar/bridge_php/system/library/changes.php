<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Who changed what of whom, before and after, and why: the audit, a page at a time.
 *
 * Of every kind the newest come first, and a page begins before a number that grows with time,
 * so that the last page is as fast as the first.
 */
class Changes {
	/** Rows of a page; one of the audit may tell several changes. */
	public const LIMIT = 25;

	/** Kinds, with the page whose right it takes to see them; '' none but the one to see these. */
	public const KINDS = ['audit' => '', 'segments' => '', 'tiers' => 'loyalty', 'points' => 'loyalty', 'credit' => 'loyalty', 'privacy' => 'gdpr'];

	/** Why a customer was moved to another group, by the numbers in the audit. */
	private const GROUP_WHY = [1 => 'rose', 2 => 'fell', 3 => 'fell_off', 4 => 'pinned', 5 => 'again', 6 => 'undone'];

	/** Where a reason stands in what is kept of people's words. */
	private const REASON = ['assertions' => 6, 'pins' => 7];

	private Database $database;
	private Vocabulary $vocabulary;

	public function __construct(Database $database, Vocabulary $vocabulary) {
		$this->database = $database;
		$this->vocabulary = $vocabulary;
	}

	/**
	 * Changes, the newest first.
	 *
	 * @param string             $kind   of `KINDS`
	 * @param array<string, int> $only   `run` and `customer`; 0 or left out: any
	 * @param int                $before only those with a smaller number; 0: from the newest on
	 *
	 * @return array{0: list<array{at: string, actor: ?string, customer: int, run: int, kind: string, name: string, colour: string, before: string, after: string, why: string, detail: string}>, 1: int}
	 *   changes, and before which the next page begins, 0: this is the last. `customer` 0: nobody.
	 *   `before` and `after`: a name, an amount, or 'yes' and 'no', as `kind` has it; `why`: a word
	 *   of the program; `detail`: a reason in a person's words, or a number
	 */
	public function page(string $kind, array $only = [], int $before = 0): array {
		switch ($kind) {
			case 'segments':
				return $this->segments($only, $before);
			case 'tiers':
				return $this->tiers($only, $before);
			case 'points':
			case 'credit':
				return $this->byHand($kind, $only, $before);
			case 'privacy':
				return $this->privacy($before);
			default:
				return $this->audit($only, $before);
		}
	}

	/**
	 * Customers by their ids, for people.
	 *
	 * @param list<int> $ids
	 *
	 * @return array<int, string> names; whom the store does not have is not in it
	 */
	public function customers(array $ids): array {
		$names = [];

		foreach ($this->database->rows('SELECT `customer_id`, `firstname`, `lastname` FROM {customer} WHERE `customer_id` IN (?)', [array_values(array_unique($ids))]) as $row) {
			$names[(int)$row['customer_id']] = trim(Text::plain($row['firstname']) . ' ' . Text::plain($row['lastname']));
		}

		return $names;
	}

	/**
	 * Rows of one page, and before which the next one begins.
	 *
	 * @param string               $select up to FROM and its joins
	 * @param string               $key    the number that grows
	 * @param array<string, mixed> $where  values by condition; left out where they are 0
	 *
	 * @return array{0: list<array<string, ?string>>, 1: int}
	 */
	private function rows(string $select, string $key, array $where): array {
		$where = array_filter($where);
		$rows = $this->database->rows($select . ($where ? ' WHERE ' . implode(' AND ', array_keys($where)) : '') . ' ORDER BY ' . $key . ' DESC LIMIT ' . (self::LIMIT + 1), array_values($where));
		$more = count($rows) > self::LIMIT;
		$rows = array_slice($rows, 0, self::LIMIT);

		return [$rows, $more ? (int)end($rows)['number'] : 0];
	}

	/**
	 * @param array<string, mixed> $more
	 *
	 * @return array<string, mixed>
	 */
	private static function change(array $row, array $more): array {
		return $more + [
			'at'       => $row['at'],
			'actor'    => $row['actor'] ?? null,
			'customer' => (int)($row['customer_id'] ?? 0),
			'run'      => (int)($row['run_id'] ?? 0),
			'kind'     => '',
			'name'     => '',
			'colour'   => '',
			'before'   => '',
			'after'    => '',
			'why'      => '',
			'detail'   => ''
		];
	}

	// -- tags and groups ---------------------------------------------------------------------

	/**
	 * @param array<string, int> $only
	 *
	 * @return array{0: list<array<string, mixed>>, 1: int}
	 */
	private function audit(array $only, int $before): array {
		[$rows, $next] = $this->rows('SELECT a.`audit_id` AS `number`, a.*, r.`actor`, r.`kind` AS `run_kind`, r.`undoes` FROM {sidecar_audit} a LEFT JOIN {sidecar_run} r ON (r.`run_id` = a.`run_id`)', 'a.`audit_id`', ['a.`run_id` = ?' => $only['run'] ?? 0, 'a.`customer_id` = ?' => $only['customer'] ?? 0, 'a.`audit_id` < ?' => $before]);
		$tags = $this->tags($rows);
		$groups = $this->vocabulary->groups();
		$reasons = $this->reasons($rows);
		$changes = [];

		foreach ($rows as $row) {
			$said = $reasons[$row['run_id'] . ' ' . $row['customer_id']] ?? [];
			$asserted = self::ids($row['asserted']);
			$retracted = self::ids($row['retracted']);
			$added = self::ids($row['tags_added']);
			$removed = self::ids($row['tags_removed']);

			foreach ([[$added, 'no', 'yes'], [$removed, 'yes', 'no'], [array_diff($asserted, $added), '', ''], [array_diff($retracted, $removed), '', '']] as [$ids, $was, $is]) {
				foreach ($ids as $tag_id) {
					if ($row['run_kind'] === 'undo') {
						$why = 'undo';
					} elseif (in_array($tag_id, $asserted, true)) {
						$why = $is === '' ? 'rule_true_unseen' : 'rule_true';
					} elseif (in_array($tag_id, $retracted, true)) {
						$why = $is === '' ? 'rule_false_unseen' : 'rule_false';
					} else {
						$why = 'word';
					}

					$changes[] = self::change($row, [
						'kind'   => 'tag',
						'name'   => $tags[$tag_id]['name'] ?? '#' . $tag_id,
						'colour' => $tags[$tag_id]['colour'] ?? '',
						'before' => $was,
						'after'  => $is,
						'why'    => $why,
						'detail' => $why === 'undo' ? (string)$row['undoes'] : ($why === 'word' ? $said['tag ' . $tag_id] ?? '' : '')
					]);
				}
			}

			if ($row['group_to'] !== null) {
				$changes[] = self::change($row, [
					'kind'   => 'group',
					'before' => $groups[(int)$row['group_from']] ?? '#' . $row['group_from'],
					'after'  => $groups[(int)$row['group_to']] ?? '#' . $row['group_to'],
					'why'    => 'group_' . (self::GROUP_WHY[(int)$row['group_why']] ?? 'pinned'),
					'detail' => $row['run_kind'] === 'undo' ? (string)$row['undoes'] : $said['group'] ?? ''
				]);
			}
		}

		return [$changes, $next];
	}

	/**
	 * Tags that rows of the audit name, also archived ones.
	 *
	 * @param list<array<string, ?string>> $rows
	 *
	 * @return array<int, array{name: string, colour: string}>
	 */
	private function tags(array $rows): array {
		$ids = [];

		foreach ($rows as $row) {
			foreach (['tags_added', 'tags_removed', 'asserted', 'retracted'] as $column) {
				$ids = array_merge($ids, self::ids($row[$column]));
			}
		}

		$tags = [];

		foreach ($this->database->rows('SELECT `tag_id`, `name`, `colour` FROM {sidecar_tag} WHERE `tag_id` IN (?)', [array_values(array_unique($ids))]) as $tag) {
			$tags[(int)$tag['tag_id']] = ['name' => (string)$tag['name'], 'colour' => (string)$tag['colour']];
		}

		return $tags;
	}

	/**
	 * What people gave as their reason, by run and customer, then by tag, or of the group.
	 *
	 * @param list<array<string, ?string>> $rows of the audit
	 *
	 * @return array<string, array<string, string>>
	 */
	private function reasons(array $rows): array {
		$reasons = [];

		if (!$rows) {
			return [];
		}

		foreach ($this->database->rows('SELECT `run_id`, `customer_id`, `after` FROM {sidecar_audit_pin} WHERE `run_id` IN (?) AND `customer_id` IN (?)', [array_map('intval', array_values(array_unique(array_column($rows, 'run_id')))), array_map('intval', array_values(array_unique(array_column($rows, 'customer_id'))))]) as $pin) {
			$after = json_decode((string)$pin['after'], true);

			foreach (self::REASON as $of => $place) {
				foreach ($after[$of] ?? [] as $said) {
					$what = $of === 'assertions' ? 'tag ' . $said[0] : $said[0];
					$reasons[$pin['run_id'] . ' ' . $pin['customer_id']][$what] = (string)($said[$place] ?? '');
				}
			}
		}

		return $reasons;
	}

	/**
	 * @return list<int>
	 */
	private static function ids(?string $listed): array {
		return (string)$listed === '' ? [] : array_map('intval', explode(',', (string)$listed));
	}

	// -- the rest ----------------------------------------------------------------------------

	/**
	 * @param array<string, int> $only of a run those that were evaluated at its moment
	 *
	 * @return array{0: list<array<string, mixed>>, 1: int}
	 */
	private function segments(array $only, int $before): array {
		$at = !empty($only['run']) ? (int)$this->database->value('SELECT `started_at` FROM {sidecar_run} WHERE `run_id` = ?', [$only['run']]) : 0;
		[$rows, $next] = $this->rows('SELECT c.`change_id` AS `number`, c.`customer_id`, c.`at`, c.`entered`, s.`name` FROM {sidecar_segment_change} c LEFT JOIN {sidecar_segment} s ON (s.`segment_id` = c.`segment_id`)', 'c.`change_id`', ['c.`at` = ?' => $at, 'c.`customer_id` = ?' => $only['customer'] ?? 0, 'c.`change_id` < ?' => $before]);

		return [array_map(static function (array $row): array {
			return self::change($row, [
				'kind'   => 'segment',
				'name'   => (string)$row['name'],
				'before' => $row['entered'] ? 'no' : 'yes',
				'after'  => $row['entered'] ? 'yes' : 'no',
				'why'    => $row['entered'] ? 'rule_true' : 'rule_false'
			]);
		}, $rows), $next];
	}

	/**
	 * @param array<string, int> $only
	 *
	 * @return array{0: list<array<string, mixed>>, 1: int}
	 */
	private function tiers(array $only, int $before): array {
		[$rows, $next] = $this->rows('SELECT c.`change_id` AS `number`, c.`customer_id`, c.`at`, c.`was`, c.`tier`, c.`why`, t.`lock_actor`, t.`lock_reason` FROM {sidecar_tier_change} c LEFT JOIN {sidecar_tier} t ON (t.`customer_id` = c.`customer_id`)', 'c.`change_id`', ['c.`customer_id` = ?' => $only['customer'] ?? 0, 'c.`change_id` < ?' => $before]);

		return [array_map(static function (array $row): array {
			$is_locked = $row['why'] === 'locked';

			return self::change($row, [
				'actor'  => $is_locked ? $row['lock_actor'] : null,
				'kind'   => 'tier',
				'before' => (string)$row['was'],
				'after'  => (string)$row['tier'],
				'why'    => 'tier_' . $row['why'],
				'detail' => $is_locked ? (string)$row['lock_reason'] : ''
			]);
		}, $rows), $next];
	}

	/**
	 * Points or store credit that people gave or took; what they are before is not kept.
	 *
	 * @param array<string, int> $only
	 *
	 * @return array{0: list<array<string, mixed>>, 1: int}
	 */
	private function byHand(string $unit, array $only, int $before): array {
		// By the key of the kind: nearly all causes are orders.
		[$rows, $next] = $this->rows('SELECT `cause_id` AS `number`, `customer_id`, `at`, `kind` AS `cause`, `posted`, `actor`, `reason` FROM {sidecar_cause} FORCE INDEX (`once`)', '`cause_id`', ['`unit` = ?' => $unit, '`kind` IN (?)' => ['adjust', 'redeem', 'issue', 'waive', 'restore'], '`customer_id` = ?' => $only['customer'] ?? 0, '`cause_id` < ?' => $before]);

		return [array_map(static function (array $row) use ($unit): array {
			return self::change($row, [
				'kind'   => $unit,
				'after'  => (string)$row['posted'],
				'why'    => 'cause_' . $row['cause'],
				'detail' => (string)$row['reason']
			]);
		}, $rows), $next];
	}

	/**
	 * What was done about requests for personal data: by their numbers, without whose they are.
	 *
	 * @return array{0: list<array<string, mixed>>, 1: int}
	 */
	private function privacy(int $before): array {
		[$rows, $next] = $this->rows('SELECT `act_id` AS `number`, `at`, `actor`, `act`, `request_id` FROM {sidecar_privacy_act}', '`act_id`', ['`act_id` < ?' => $before]);

		return [array_map(static function (array $row): array {
			return self::change($row, [
				'kind'   => 'privacy',
				'name'   => $row['request_id'] ? '#' . $row['request_id'] : '',
				'after'  => (string)$row['act']
			]);
		}, $rows), $next];
	}
}
