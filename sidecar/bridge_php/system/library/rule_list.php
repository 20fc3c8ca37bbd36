<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * The rules that passes know, as our tables tell them; what they say, only the sidecar knows.
 */
class RuleList {
	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * Rules of tags, the ladder as a whole, and segments.
	 *
	 * @return list<array{kind: string, name: string, origin: string, state: 'applied'|'new'|'waiting'|'held', customers: ?int, run: int}>
	 *   origin '': a segment that no pass has looked at since; customers: null while nobody counted them;
	 *   run: the one it waits in, or that holds it; 0: none
	 */
	public function rules(): array {
		$rules = [];

		foreach ($this->database->rows("SELECT r.`kind`, r.`name`, r.`origin`, r.`fingerprint`, r.`settled`, r.`held`, r.`held_by`, t.`customers`, (SELECT MIN(m.`run_id`) FROM {sidecar_run_rule} m INNER JOIN {sidecar_run} w ON (w.`run_id` = m.`run_id` AND w.`state` = 'waiting') WHERE m.`rule_id` = r.`rule_id` AND m.`fingerprint` = r.`fingerprint`) AS `waits_in` FROM {sidecar_rule} r LEFT JOIN {sidecar_tag} t ON (r.`kind` = 'tag' AND t.`name_key` = r.`name_key`) WHERE r.`kind` IN ('tag', 'ladder') AND r.`fingerprint` != '' ORDER BY r.`kind` = 'ladder', r.`name_key`") as $row) {
			if ($row['held'] !== null && $row['held'] === $row['fingerprint']) {
				$state = 'held';
			} elseif ($row['waits_in'] !== null) {
				$state = 'waiting';
			} else {
				$state = $row['settled'] === $row['fingerprint'] ? 'applied' : 'new';
			}

			$rules[] = [
				'kind'      => (string)$row['kind'],
				'name'      => (string)$row['name'],
				'origin'    => (string)$row['origin'],
				'state'     => $state,
				'customers' => $row['customers'] === null ? null : (int)$row['customers'],
				'run'       => (int)($state === 'held' ? $row['held_by'] : $row['waits_in'])
			];
		}

		foreach ($this->database->rows("SELECT `name`, `customers`, `baseline_at`, `origin` FROM {sidecar_segment} WHERE `slot` IS NOT NULL ORDER BY `name_key`") as $row) {
			$rules[] = [
				'kind'      => 'segment',
				'name'      => (string)$row['name'],
				'origin'    => (string)$row['origin'],
				'state'     => $row['baseline_at'] === null ? 'new' : 'applied',
				'customers' => $row['baseline_at'] === null ? null : (int)$row['customers'],
				'run'       => 0
			];
		}

		return $rules;
	}
}
