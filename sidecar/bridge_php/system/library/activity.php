<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Runs: what the sidecar changed, and what waits for a person's approval.
 */
class Activity {
	/** Runs of a page. */
	public const LIMIT = 25;

	public const KINDS = ['full', 'changed', 'clock', 'limits', 'command', 'undo'];
	public const STATES = ['running', 'applied', 'waiting', 'undone', 'discarded', 'obsolete', 'interrupted', 'failed'];

	/** What a run counts, by kind of change. */
	public const CHANGES = ['tag_added', 'tag_removed', 'segment_entered', 'segment_left', 'group_changed', 'tier_changed'];

	/** Of those, what wrote something can be undone. */
	private const UNDOABLE = ['applied', 'interrupted', 'failed', 'running'];

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * Runs that wait for approval, the oldest first, each as of `runs`.
	 *
	 * @return list<array<string, mixed>>
	 */
	public function waiting(): array {
		return $this->told($this->database->rows("SELECT * FROM {sidecar_run} WHERE `state` = 'waiting' ORDER BY `run_id`"));
	}

	/**
	 * The newest runs.
	 *
	 * @param string $state  '' any
	 * @param string $kind   '' any
	 * @param int    $before only those with a smaller number; 0: from the newest on
	 *
	 * @return array{0: list<array<string, mixed>>, 1: int} runs as their columns are, with
	 *   `changes` (numbers by kind), `rules` (each with kind, name, changes) and `can_undo`; and
	 *   before which the next page begins, 0: this is the last
	 */
	public function runs(string $state = '', string $kind = '', int $before = 0): array {
		$where = [];
		$values = [];

		foreach (['`state` = ?' => in_array($state, self::STATES, true) ? $state : '', '`kind` = ?' => in_array($kind, self::KINDS, true) ? $kind : '', '`run_id` < ?' => $before] as $condition => $value) {
			if ($value) {
				$where[] = $condition;
				$values[] = $value;
			}
		}

		$rows = $this->database->rows('SELECT * FROM {sidecar_run}' . ($where ? ' WHERE ' . implode(' AND ', $where) : '') . ' ORDER BY `run_id` DESC LIMIT ' . (self::LIMIT + 1), $values);
		$more = count($rows) > self::LIMIT;
		$rows = array_slice($rows, 0, self::LIMIT);

		return [$this->told($rows), $more ? (int)end($rows)['run_id'] : 0];
	}

	/**
	 * One run, as of `runs`; null: there is none of that number.
	 *
	 * @return ?array<string, mixed>
	 */
	public function run(int $run_id): ?array {
		return $this->told($this->database->rows('SELECT * FROM {sidecar_run} WHERE `run_id` = ?', [$run_id]))[0] ?? null;
	}

	/**
	 * What a loyalty program would give that waits to begin; null: none does.
	 *
	 * @return ?array{at: int, orders: int, customers: int, points: int, worth: string, currency: string}
	 */
	public function program(): ?array {
		return Daemon::read($this->database, ['loyalty.waits'])['loyalty.waits'];
	}

	/**
	 * @param list<array<string, ?string>> $rows
	 *
	 * @return list<array<string, mixed>>
	 */
	private function told(array $rows): array {
		$rules = [];

		if ($rows) {
			foreach ($this->database->rows('SELECT m.`run_id`, m.`changes`, r.`kind`, r.`name` FROM {sidecar_run_rule} m INNER JOIN {sidecar_rule} r ON (r.`rule_id` = m.`rule_id`) WHERE m.`run_id` IN (?) ORDER BY m.`run_id`, m.`changes` DESC, r.`name`', [array_map('intval', array_column($rows, 'run_id'))]) as $rule) {
				$rules[$rule['run_id']][] = ['kind' => $rule['kind'], 'name' => $rule['name'], 'changes' => (int)$rule['changes']];
			}
		}

		foreach ($rows as &$row) {
			$row['changes'] = array_filter(array_map('intval', array_intersect_key($row, array_flip(self::CHANGES))));
			$row['rules'] = $rules[$row['run_id']] ?? [];
			$row['can_undo'] = $row['kind'] !== 'undo' && in_array($row['state'], self::UNDOABLE, true);
		}

		return $rows;
	}
}
