<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Points that became a coupon or store credit.
 */
class Redemptions {
	/** Redemptions of a page. */
	public const PAGE = 20;

	/** What is told of one; amounts are in ten-thousandths, instants in seconds since 1970. */
	private const COLUMNS = '`redemption_id`, `customer_id`, `points`, `value`, `becomes`, `state`, `code`, `least_order`, `ends_at`, `order_id`, `used_by`, `actor`, `reason`, `at`';

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/** Whose coupon has the *code*, as it is written in the store; null: it is of no redemption. */
	public function owner(string $code): ?int {
		$customer_id = $this->database->value('SELECT `customer_id` FROM {sidecar_redemption} WHERE `code` = ?', [$code]);

		return $customer_id === null ? null : (int)$customer_id;
	}

	/**
	 * A page of everybody's, the newest first.
	 *
	 * @param int $before the last number of the page before; 0 for the first
	 *
	 * @return array{0: list<array<string, ?string>>, 1: int} the second: the last of the page; 0 at the end
	 */
	public function page(int $before = 0): array {
		$rows = $this->database->rows('SELECT ' . self::COLUMNS . ' FROM {sidecar_redemption} WHERE `redemption_id` < ? ORDER BY `redemption_id` DESC LIMIT ' . (self::PAGE + 1), [$before > 0 ? $before : PHP_INT_MAX]);

		return self::cut($rows);
	}

	/**
	 * A page of one customer's, the newest first.
	 *
	 * @return array{0: list<array<string, ?string>>, 1: int} as `page`
	 */
	public function ofCustomer(int $customer_id, int $before = 0): array {
		$rows = $this->database->rows('SELECT ' . self::COLUMNS . ' FROM {sidecar_redemption} WHERE `customer_id` = ? AND `redemption_id` < ? ORDER BY `redemption_id` DESC LIMIT ' . (self::PAGE + 1), [$customer_id, $before > 0 ? $before : PHP_INT_MAX]);

		return self::cut($rows);
	}

	/**
	 * @param list<array<string, ?string>> $rows one more than a page
	 *
	 * @return array{0: list<array<string, ?string>>, 1: int}
	 */
	private static function cut(array $rows): array {
		$page = array_slice($rows, 0, self::PAGE);

		return [$page, count($rows) > self::PAGE ? (int)$page[self::PAGE - 1]['redemption_id'] : 0];
	}
}
