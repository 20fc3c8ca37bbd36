<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * What the dashboard tells at a glance, by a few cheap questions.
 */
class Overview {
	public const DAYS = 7;

	/** Entries that are counted at most; a dashboard is no place to count a million. */
	public const COUNTED = 10000;

	/** Segments that are told. */
	private const LIMIT = 5;

	/** Built-in segments of customers who may be lost. */
	private const AT_RISK = ['at risk', 'inactive', 'rfm at risk', 'rfm cannot lose'];

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * Segments that customers came into within the last days, the most first.
	 *
	 * @return array{0: list<array{segment_id: string, name: string, customers: string, entered: string}>, 1: bool}
	 *   and whether there were more entries than are counted
	 */
	public function entered(): array {
		$rows = $this->database->rows('SELECT e.`segment_id`, s.`name`, s.`customers`, COUNT(*) AS `entered` FROM (SELECT `segment_id` FROM {sidecar_segment_change} WHERE `at` > ? AND `entered` = 1 ORDER BY `at` DESC LIMIT ' . self::COUNTED . ') e INNER JOIN {sidecar_segment} s ON (s.`segment_id` = e.`segment_id` AND s.`slot` IS NOT NULL) GROUP BY e.`segment_id`, s.`name`, s.`customers` ORDER BY `entered` DESC, s.`name`', [time() - self::DAYS * 86400]);

		return [array_slice($rows, 0, self::LIMIT), array_sum(array_column($rows, 'entered')) >= self::COUNTED];
	}

	/**
	 * Customers who may be lost, by segment; of a store without one of these it is left out.
	 *
	 * @return list<array{segment_id: string, name: string, customers: string}>
	 */
	public function atRisk(): array {
		return $this->database->rows('SELECT `segment_id`, `name`, `customers` FROM {sidecar_segment} WHERE `name_key` IN (?) AND `slot` IS NOT NULL AND `baseline_at` IS NOT NULL ORDER BY `segment_id`', [self::AT_RISK]);
	}

	/**
	 * Runs that wait for approval, and rules that are held.
	 *
	 * @return array{waiting: int, customers: int, held: int}
	 */
	public function toDecide(): array {
		$row = $this->database->row("SELECT COUNT(*) AS `waiting`, COALESCE(SUM(`changed`), 0) AS `customers`, (SELECT COUNT(*) FROM {sidecar_rule} WHERE `held` != '' AND `held` = `fingerprint`) AS `held` FROM {sidecar_run} WHERE `state` = 'waiting'");

		return array_map('intval', (array)$row);
	}
}
