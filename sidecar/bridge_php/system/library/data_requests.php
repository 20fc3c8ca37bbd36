<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * What people ask for about their data, as our tables have it.
 *
 * Rows are as their columns are, instants seconds since 1970 as text, or null.
 */
class DataRequests {
	/** Requests of a page. */
	public const LIMIT = 25;

	public const KINDS = ['access', 'erase', 'rectify', 'restrict', 'object_marketing', 'object_profiling'];

	/** States of what is not answered. */
	public const UNANSWERED = ['unverified', 'open', 'waiting', 'running'];

	public const STATES = ['unverified', 'open', 'waiting', 'running', 'done', 'incomplete', 'refused', 'cancelled'];

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * A page of requests: those that are not answered, the first due first; else the newest first.
	 *
	 * @param string $state one of STATES; '' what is not answered; 'all' any
	 * @param string $kind  one of KINDS; '' any
	 * @param string $who   a customer's number, or a guest's e-mail address; '' anybody
	 * @param int    $page  from 1
	 *
	 * @return array{0: list<array<string, ?string>>, 1: int} with `name` of the customer, and how
	 *   many there are on all pages
	 */
	public function page(string $state, string $kind, string $who, int $page): array {
		$where = ['1 = 1'];
		$values = [];

		if (in_array($state, self::STATES, true)) {
			$where[] = 'r.`state` = ?';
			$values[] = $state;
		} elseif ($state !== 'all') {
			$where[] = 'r.`state` IN (?)';
			$values[] = self::UNANSWERED;
		}

		if (in_array($kind, self::KINDS, true)) {
			$where[] = 'r.`kind` = ?';
			$values[] = $kind;
		}

		if ($who !== '') {
			$where[] = ctype_digit($who) ? 'r.`customer_id` = ?' : 'r.`email` = ?';
			$values[] = $who;
		}

		$from = ' FROM {sidecar_privacy_request} r LEFT JOIN {customer} c ON (c.`customer_id` = r.`customer_id`) WHERE ' . implode(' AND ', $where);
		$total = (int)$this->database->value('SELECT COUNT(*)' . $from, $values);
		$order = $state === 'all' || in_array($state, self::STATES, true) ? 'r.`request_id` DESC' : 'r.`due_at`, r.`request_id`';
		$start = max(0, $page - 1) * self::LIMIT;

		return [$this->named($this->database->rows('SELECT r.*, c.`firstname`, c.`lastname`' . $from . ' ORDER BY ' . $order . ' LIMIT ' . $start . ', ' . self::LIMIT, $values)), $total];
	}

	/**
	 * How many are not answered, and how many of them should be.
	 *
	 * @return array{open: int, overdue: int}
	 */
	public function counts(): array {
		$row = $this->database->row("SELECT COUNT(*) AS `number`, COALESCE(SUM(`due_at` <= ?), 0) AS `overdue` FROM {sidecar_privacy_request} WHERE `state` IN ('unverified', 'open', 'waiting', 'running')", [time()]);

		return ['open' => (int)$row['number'], 'overdue' => (int)$row['overdue']];
	}

	/**
	 * One request, as of `page`; null: there is none of that number.
	 *
	 * @return ?array<string, ?string>
	 */
	public function one(int $request_id): ?array {
		return $this->named($this->database->rows('SELECT r.*, c.`firstname`, c.`lastname` FROM {sidecar_privacy_request} r LEFT JOIN {customer} c ON (c.`customer_id` = r.`customer_id`) WHERE r.`request_id` = ?', [$request_id]))[0] ?? null;
	}

	/**
	 * What was done about a request, in that order.
	 *
	 * @return list<array{at: string, actor: string, act: string, reason: ?string}>
	 */
	public function acts(int $request_id): array {
		return $this->database->rows('SELECT `at`, `actor`, `act`, `reason` FROM {sidecar_privacy_act} WHERE `request_id` = ? ORDER BY `act_id`', [$request_id]);
	}

	/**
	 * The archive that answers a request; null: none was made.
	 *
	 * @return ?array{file: string, bytes: string, sha256: string, made_at: string, ends_at: string, told_at: ?string, deleted_at: ?string}
	 */
	public function export(int $request_id): ?array {
		return $this->database->row('SELECT `file`, `bytes`, `sha256`, `made_at`, `ends_at`, `told_at`, `deleted_at` FROM {sidecar_export} WHERE `request_id` = ? ORDER BY `export_id` DESC LIMIT 1', [$request_id]);
	}

	/**
	 * The requests of one customer, the newest first, as of `page`.
	 *
	 * @return list<array<string, ?string>>
	 */
	public function ofCustomer(int $customer_id): array {
		return $this->named($this->database->rows('SELECT r.*, c.`firstname`, c.`lastname` FROM {sidecar_privacy_request} r LEFT JOIN {customer} c ON (c.`customer_id` = r.`customer_id`) WHERE r.`customer_id` = ? ORDER BY r.`request_id` DESC LIMIT ' . self::LIMIT, [$customer_id]));
	}

	/**
	 * @param list<array<string, ?string>> $rows
	 *
	 * @return list<array<string, ?string>>
	 */
	private function named(array $rows): array {
		foreach ($rows as &$row) {
			$row['name'] = trim(Text::plain($row['firstname']) . ' ' . Text::plain($row['lastname']));
		}

		return $rows;
	}
}
