<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * How long data is kept: purges, when accounts end, and what holds them.
 */
class Keeping {
	/** Rows of what there may be many of. */
	private const LIMIT = 50;

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * What retention rules would end or ended, those that wait first, then the newest.
	 *
	 * @return list<array{purge_id: string, rule: string, state: string, planned: string, erased: string, planned_at: string, decided_by: ?string, decided_at: ?string, finished_at: ?string}>
	 */
	public function purges(): array {
		return $this->database->rows("SELECT `purge_id`, `rule`, `state`, `planned`, `erased`, `planned_at`, `decided_by`, `decided_at`, `finished_at` FROM {sidecar_purge} ORDER BY `state` = 'waiting' DESC, `purge_id` DESC LIMIT " . self::LIMIT);
	}

	/**
	 * When the next account comes of age by a rule, as of the last look, and how many will.
	 *
	 * @return array{at: ?string, accounts: int} at: null: none is known to
	 */
	public function next(): array {
		$row = $this->database->row('SELECT MIN(`purge_at`) AS `at`, COUNT(*) AS `accounts` FROM {sidecar_purge_date} WHERE `purge_at` > ?', [time()]);

		return ['at' => $row['at'], 'accounts' => (int)$row['accounts']];
	}

	/**
	 * Legal holds that stand, the newest first.
	 *
	 * @return list<array{customer_id: string, name: string, since: string, until: ?string, actor: string, reason: string}>
	 */
	public function holds(): array {
		$rows = $this->database->rows('SELECT h.`customer_id`, h.`since`, h.`until`, h.`actor`, h.`reason`, c.`firstname`, c.`lastname` FROM {sidecar_legal_hold} h LEFT JOIN {customer} c ON (c.`customer_id` = h.`customer_id`) WHERE h.`until` IS NULL OR h.`until` > ? ORDER BY h.`since` DESC, h.`customer_id` LIMIT ' . self::LIMIT, [time()]);

		return array_map(static function (array $row): array {
			return [
				'customer_id' => (string)$row['customer_id'],
				'name'        => trim(Text::plain($row['firstname']) . ' ' . Text::plain($row['lastname'])),
				'since'       => (string)$row['since'],
				'until'       => $row['until'],
				'actor'       => Text::actor($row['actor']),
				'reason'      => (string)$row['reason']
			];
		}, $rows);
	}
}
