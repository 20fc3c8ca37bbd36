<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * One customer's points and store credit, as our ledger has them.
 *
 * Points are whole, credit is in ten-thousandths; instants are seconds since 1970 as text, or null.
 */
class Account {
	/** Entries of a page. */
	public const PAGE = 20;

	/** Lots that are shown; who has more is told so. */
	public const LOTS = 200;

	private Database $database;
	private int $customer_id;

	public function __construct(Database $database, int $customer_id) {
		$this->database = $database;
		$this->customer_id = $customer_id;
	}

	/**
	 * What they have.
	 *
	 * @param 'points'|'credit' $unit
	 *
	 * @return array{available: string, pending: string} 0 where nothing was ever kept
	 */
	public function balance(string $unit): array {
		$row = $this->database->row('SELECT `available`, `pending` FROM {sidecar_account} WHERE `unit` = ? AND `customer_id` = ?', [$unit, $this->customer_id]);

		return ['available' => (string)($row['available'] ?? 0), 'pending' => (string)($row['pending'] ?? 0)];
	}

	/**
	 * What it is made of, those that end soonest first; what is owed has no cause.
	 *
	 * @param 'points'|'credit' $unit
	 *
	 * @return list<array<string, ?string>> one more than LOTS: there are others
	 */
	public function lots(string $unit): array {
		return $this->database->rows("SELECT l.`lot_id`, l.`remaining`, l.`earned_at`, l.`available_at`, l.`expires_at`, l.`is_released`, c.`kind` AS `cause`, c.`source_id`, c.`order_id`, c.`actor`, c.`reason`, e.`name` AS `rule` FROM {sidecar_lot} l LEFT JOIN {sidecar_cause} c ON (c.`cause_id` = l.`cause_id`) LEFT JOIN {sidecar_earner} e ON (e.`earner_id` = c.`earner_id`) WHERE l.`unit` = ? AND l.`customer_id` = ? AND l.`remaining` <> 0 ORDER BY l.`expires_at` IS NULL, l.`expires_at`, l.`earned_at`, l.`lot_id` LIMIT " . (self::LOTS + 1), [$unit, $this->customer_id]);
	}

	/**
	 * What happened, the newest first.
	 *
	 * @param 'points'|'credit' $unit
	 * @param int               $before the last number of the page before; 0 for the first
	 *
	 * @return array{0: list<array<string, ?string>>, 1: int} the second: the last of the page; 0 at the end
	 */
	public function entries(string $unit, int $before = 0): array {
		$rows = $this->database->rows("SELECT t.`entry_id`, t.`kind`, t.`amount`, t.`shown`, t.`at`, c.`kind` AS `cause`, c.`source_id`, c.`order_id`, c.`actor`, c.`reason`, e.`name` AS `rule` FROM {sidecar_entry} t LEFT JOIN {sidecar_cause} c ON (c.`cause_id` = t.`cause_id`) LEFT JOIN {sidecar_earner} e ON (e.`earner_id` = c.`earner_id`) WHERE t.`unit` = ? AND t.`customer_id` = ? AND t.`entry_id` < ? ORDER BY t.`entry_id` DESC LIMIT " . (self::PAGE + 1), [$unit, $this->customer_id, $before > 0 ? $before : PHP_INT_MAX]);
		$page = array_slice($rows, 0, self::PAGE);

		return [$page, count($rows) > self::PAGE ? (int)$page[self::PAGE - 1]['entry_id'] : 0];
	}

	/**
	 * Orders whose points somebody took back in the store, and that earn nothing until a person
	 * lets them again, the newest first.
	 *
	 * @return list<int>
	 */
	public function overruled(): array {
		$rows = $this->database->rows("SELECT DISTINCT `source_id` FROM {sidecar_cause} WHERE `unit` = 'points' AND `customer_id` = ? AND `kind` = 'earn' AND `overruled` = 1 ORDER BY `source_id` DESC", [$this->customer_id]);

		return array_map('intval', array_column($rows, 'source_id'));
	}

	/**
	 * Store credit that was issued or waits, the newest first; `left` is what is not spent yet.
	 *
	 * @return list<array<string, ?string>>
	 */
	public function issues(): array {
		return $this->database->rows("SELECT i.`issue_id`, i.`kind`, i.`amount`, i.`order_id`, i.`expires_at`, i.`state`, i.`actor`, i.`reason`, i.`decided_by`, i.`decided_reason`, i.`decided_at`, i.`at`, COALESCE(l.`remaining`, 0) AS `left` FROM {sidecar_issue} i LEFT JOIN {sidecar_cause} c ON (c.`unit` = 'credit' AND c.`kind` = 'issue' AND c.`source_id` = i.`issue_id` AND c.`earner_id` = 0 AND c.`customer_id` = i.`customer_id`) LEFT JOIN {sidecar_lot} l ON (l.`unit` = 'credit' AND l.`customer_id` = c.`customer_id` AND l.`cause_id` = c.`cause_id`) WHERE i.`customer_id` = ? ORDER BY i.`issue_id` DESC LIMIT 100", [$this->customer_id]);
	}

	/**
	 * Their cards, the one that holds first.
	 *
	 * @return list<array{number: string, issued_at: string, ended_at: ?string, actor: ?string, reason: ?string}>
	 */
	public function cards(): array {
		return $this->database->rows('SELECT `number`, `issued_at`, `ended_at`, `actor`, `reason` FROM {sidecar_card} WHERE `customer_id` = ? ORDER BY `holds` IS NULL, `issued_at` DESC, `number`', [$this->customer_id]);
	}
}
