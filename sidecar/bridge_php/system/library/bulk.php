<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * What a command about many customers would change, before it is asked for.
 */
class Bulk {
	/** The commands. */
	public const COMMANDS = ['tag.add', 'tag.remove', 'group.set', 'group.auto'];

	/** Customers in one statement. */
	private const CHUNK = 5000;

	/** The daemon's own, where it has not said any. */
	private const SHARE = 0.05;
	private const FLOOR = 50;

	private Database $database;
	private Vocabulary $vocabulary;

	public function __construct(Database $database, Vocabulary $vocabulary) {
		$this->database = $database;
		$this->vocabulary = $vocabulary;
	}

	/**
	 * How many customers there are, and how many of them would become different.
	 *
	 * @param string    $target    name of the tag, id of the group, or ''
	 * @param list<int> $ids       customers, where there is no selection
	 * @param int       $selection 0: none
	 *
	 * @return array{customers: int, changed: int}
	 */
	public function count(string $command, string $target, array $ids, int $selection): array {
		[$changed, $values] = $this->changed($command, $target);
		$sql = 'SELECT COUNT(*) AS `customers`, COALESCE(SUM(' . $changed . '), 0) AS `changed` FROM ' . ($selection ? '{sidecar_selection} x STRAIGHT_JOIN ' : '') . '{customer} c LEFT JOIN {sidecar_customer} s ON (s.`customer_id` = c.`customer_id`) WHERE ';

		if ($selection) {
			return $this->add([], $sql . 'x.`selection_id` = ? AND c.`customer_id` = x.`customer_id`', array_merge($values, [$selection]));
		}

		$found = [];

		foreach (array_chunk(array_values(array_unique($ids)), self::CHUNK) as $part) {
			$found = $this->add($found, $sql . 'c.`customer_id` IN (?)', array_merge($values, [$part]));
		}

		return $found ?: ['customers' => 0, 'changed' => 0];
	}

	/** The number of customers from which on a person has to confirm it; the daemon judges. */
	public function cap(): int {
		$beat = json_decode((string)$this->database->value("SELECT `value` FROM {sidecar_state} WHERE `name` = 'daemon'"), true);
		$share = (float)($beat['max_change'] ?? self::SHARE);
		$customers = $this->vocabulary->everyone() ?? $this->vocabulary->customers();

		return max((int)floor($share * $customers), (int)($beat['max_change_floor'] ?? self::FLOOR));
	}

	/**
	 * Whether a customer becomes different.
	 *
	 * @return array{0: string, 1: list<mixed>}
	 */
	private function changed(string $command, string $target): array {
		if ($command === 'group.set') {
			return ['c.`customer_group_id` <> ?', [(int)$target]];
		}

		if ($command === 'group.auto') {
			return ["COALESCE(s.`group_hold`, 0) > 0 OR EXISTS (SELECT 1 FROM {sidecar_pin} p WHERE p.`customer_id` = c.`customer_id` AND p.`kind` = 'group')", []];
		}

		foreach ($this->vocabulary->tags() as $tag) {
			if (mb_strtolower($tag['name']) === mb_strtolower($target)) {
				$bit = sprintf('COALESCE(s.`tags%d`, 0) >> %d & 1', intdiv($tag['slot'], 64), $tag['slot'] % 64);

				return [$bit . ($command === 'tag.add' ? ' = 0' : ' = 1'), []];
			}
		}

		return [$command === 'tag.add' ? '1' : '0', []];
	}

	/**
	 * @param array<string, int> $found
	 * @param list<mixed>        $values
	 *
	 * @return array{customers: int, changed: int}
	 */
	private function add(array $found, string $sql, array $values): array {
		$row = $this->database->row($sql, $values) ?? [];

		return [
			'customers' => ($found['customers'] ?? 0) + (int)($row['customers'] ?? 0),
			'changed'   => ($found['changed'] ?? 0) + (int)($row['changed'] ?? 0)
		];
	}
}
