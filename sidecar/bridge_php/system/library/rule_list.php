<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * The rules that passes know and those made in the admin, as our tables tell them; what the others
 * say, only the sidecar knows.
 */
class RuleList {
	/** The kind of finding that says that a rule made in the admin does not fit any more. */
	public const OFF = 'rule.off';

	/** The rule of a tag, or all rungs together; and why it is as it is. */
	private const RULES = "SELECT r.`rule_id`, r.`kind`, r.`name`, r.`name_key`, r.`origin`, r.`definition`, r.`actor`, r.`changed_at`, r.`fingerprint`, r.`settled`, r.`held`, r.`held_by`, t.`tag_id`, t.`customers`, (SELECT MIN(m.`run_id`) FROM {sidecar_run_rule} m INNER JOIN {sidecar_run} w ON (w.`run_id` = m.`run_id` AND w.`state` = 'waiting') WHERE m.`rule_id` = r.`rule_id` AND m.`fingerprint` = r.`fingerprint`) AS `waits_in` FROM {sidecar_rule} r LEFT JOIN {sidecar_tag} t ON (r.`kind` = 'tag' AND t.`name_key` = r.`name_key`) WHERE r.`kind` IN ('tag', 'ladder') AND (r.`fingerprint` != '' OR r.`definition` IS NOT NULL) ORDER BY r.`kind` = 'ladder', r.`name_key`";

	private const SEGMENTS = "SELECT s.`segment_id`, s.`name`, s.`name_key`, s.`customers`, s.`baseline_at`, s.`gone_at`, s.`origin`, r.`definition`, r.`actor`, r.`changed_at` FROM {sidecar_segment} s LEFT JOIN {sidecar_rule} r ON (r.`kind` = 'segment' AND r.`name_key` = s.`name_key`) WHERE s.`slot` IS NOT NULL ORDER BY s.`name_key`";

	/** Rules made in the admin that passes do not register. */
	private const MADE = "SELECT `kind`, `name`, `name_key`, `definition`, `actor`, `changed_at` FROM {sidecar_rule} WHERE `kind` IN ('segment', 'group') AND `origin` = 'admin' AND `definition` IS NOT NULL ORDER BY `kind`, `position`, `rule_id`";

	private const OFF_ONES = 'SELECT `subject`, `message` FROM {sidecar_finding} WHERE `kind` = ? AND `mended_at` IS NULL';

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * Rules of tags, the ladder as a whole, its rungs that are made in the admin, and segments.
	 *
	 * @return list<array{kind: string, name: string, key: string, id: int, origin: string, state: string, customers: ?int, run: int, off: string, definition: ?array<string, string>, was: string, actor: string, changed_at: ?int}>
	 *   key: its name as it is compared; id: of the tag or segment, 0: none yet;
	 *   origin '': a segment that no pass has looked at since; state: applied, new, waiting, held, off
	 *   (`off` says why) or going, deleted and not taken back yet; customers: null while nobody counted
	 *   them; run: the one it waits in, or that holds it, 0: none; definition: null unless it is made
	 *   in the admin, and `was` the same as our table has it; actor and changed_at: of what is made there
	 */
	public function rules(): array {
		$off = array_column($this->database->rows(self::OFF_ONES, [self::OFF]), 'message', 'subject');
		$last = (int)(Daemon::read($this->database, ['last_full_pass'])['last_full_pass'] ?? 0);
		$rules = [];
		$ladder = null;

		foreach ($this->database->rows(self::RULES) as $row) {
			$is_made = $row['origin'] === 'admin' && $row['definition'] !== null;

			if ($row['origin'] === 'admin' && !$is_made) {
				$state = 'going';
			} elseif ($row['held'] !== null && $row['held'] === $row['fingerprint']) {
				$state = 'held';
			} elseif ($row['waits_in'] !== null) {
				$state = 'waiting';
			} else {
				// What was saved since the last pass is not registered yet.
				$is_unseen = $is_made && (int)$row['changed_at'] > $last;
				$state = $row['settled'] === $row['fingerprint'] && !$is_unseen ? 'applied' : 'new';
			}

			$rule = $this->told($row, $off) + [
				'id'        => (int)$row['tag_id'],
				'origin'    => (string)$row['origin'],
				'state'     => $state,
				'customers' => $row['customers'] === null ? null : (int)$row['customers'],
				'run'       => (int)($state === 'held' ? $row['held_by'] : $row['waits_in'])
			];
			$rules[] = $rule;
			$ladder = $rule['kind'] === 'ladder' ? $rule : $ladder;
		}

		$known = [];
		$segments = [];

		foreach ($this->database->rows(self::SEGMENTS) as $row) {
			$is_counted = $row['baseline_at'] !== null;
			$known[$row['name_key']] = true;
			$segments[] = $this->told(['kind' => 'segment'] + $row, $off) + [
				'id'        => (int)$row['segment_id'],
				'origin'    => (string)$row['origin'],
				'state'     => $row['gone_at'] !== null ? 'going' : ($is_counted ? 'applied' : 'new'),
				'customers' => $is_counted ? (int)$row['customers'] : null,
				'run'       => 0
			];
		}

		foreach ($this->database->rows(self::MADE) as $row) {
			$is_rung = $row['kind'] === 'group';

			if (!$is_rung && isset($known[$row['name_key']])) {
				continue;
			}

			$rule = $this->told($row, $off) + [
				'id'        => 0,
				'origin'    => 'admin',
				'state'     => $is_rung && $ladder && (int)$row['changed_at'] <= $last ? $ladder['state'] : 'new',
				'customers' => null,
				'run'       => $is_rung && $ladder ? $ladder['run'] : 0
			];

			if ($is_rung) {
				$rules[] = $rule;
			} else {
				$segments[] = $rule;
			}
		}

		$rules = array_merge($rules, $segments);

		foreach ($rules as &$rule) {
			$rule['state'] = $rule['off'] !== '' ? 'off' : $rule['state'];
		}

		return $rules;
	}

	/**
	 * One rule as of `rules`; null: our tables know none of that kind and name.
	 *
	 * @return ?array<string, mixed>
	 */
	public function find(string $kind, string $name): ?array {
		foreach ($this->rules() as $rule) {
			if ($rule['kind'] === $kind && ($rule['name'] === $name || $rule['key'] === mb_strtolower($name))) {
				return $rule;
			}
		}

		return null;
	}

	/**
	 * @param array<string, ?string> $row
	 * @param array<string, string>  $off messages by kind and name
	 *
	 * @return array<string, mixed>
	 */
	private function told(array $row, array $off): array {
		$definition = json_decode((string)$row['definition'], true);

		return [
			'kind'       => (string)$row['kind'],
			'name'       => (string)$row['name'],
			'key'        => (string)$row['name_key'],
			'off'        => (string)($off[$row['kind'] . ' ' . $row['name']] ?? ''),
			'definition' => $row['definition'] === null ? null : array_filter((array)$definition, 'is_string'),
			'was'        => (string)$row['definition'],
			'actor'      => Text::actor($row['actor']),
			'changed_at' => $row['definition'] === null ? null : (int)$row['changed_at']
		];
	}
}
