<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * What of points and store credit waits for a person, over all customers.
 */
class Loyalty {
	/** What findings about points and store credit are called at their beginning. */
	private const FINDINGS = ['points.', 'credit.', 'loyalty.', 'redemption.', 'tiers.'];

	/** Shown of a kind; who has more is told so. */
	public const LIMIT = 100;

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * Store credit that waits for another person, the oldest first; amounts in ten-thousandths.
	 *
	 * @return list<array<string, ?string>> one more than LIMIT: there are others
	 */
	public function issues(): array {
		return $this->database->rows("SELECT `issue_id`, `customer_id`, `kind`, `amount`, `order_id`, `expires_at`, `actor`, `reason`, `at` FROM {sidecar_issue} WHERE `state` = 'waiting' ORDER BY `issue_id` LIMIT " . (self::LIMIT + 1));
	}

	/**
	 * What a program would give that waits to begin; null: none waits.
	 *
	 * @return ?array{points: int, worth: string, currency: string, orders: int, customers: int}
	 */
	public function program(): ?array {
		return Daemon::read($this->database, ['loyalty.waits'])['loyalty.waits'];
	}

	/**
	 * What a person should look at, the last found first.
	 *
	 * @return list<array{kind: string, subject: string, message: string, first_at: string, last_at: string, times: string}>
	 */
	public function findings(): array {
		$found = [];

		foreach (self::FINDINGS as $kind) {
			$found = array_merge($found, (new Status($this->database))->findings($kind));
		}

		usort($found, static function (array $one, array $other): int {
			return (int)$other['last_at'] <=> (int)$one['last_at'];
		});

		return $found;
	}
}
