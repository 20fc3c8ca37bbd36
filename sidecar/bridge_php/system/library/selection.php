<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Customers that an expression chose: what became of a `customers.select`.
 */
class Selection {
	/** Seconds for which one can be used, as for the daemon. */
	private const KEPT = 3600;

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * One of anybody.
	 *
	 * @return ?array{expression: string, state: 'running'|'done'|'over'|'failed', customers: int, error: string}
	 *   null: there is none of that number. running: more may come; over: it cannot be used any more
	 */
	public function find(int $selection_id): ?array {
		$row = $this->database->row("SELECT `parameters`, `state`, `finished_at`, `answer`, `error` FROM {sidecar_command} WHERE `command_id` = ? AND `name` = 'customers.select'", [$selection_id]);

		if (!$row) {
			return null;
		}

		$parameters = json_decode((string)$row['parameters'], true);
		$answer = json_decode((string)$row['answer'], true);
		$state = $row['state'] === 'new' ? 'running' : (string)$row['state'];

		if ($state === 'done' && (int)$row['finished_at'] + self::KEPT <= time()) {
			$state = 'over';
		}

		return [
			'expression' => is_string($parameters['expression'] ?? null) ? $parameters['expression'] : '',
			'state'      => $state,
			'customers'  => (int)($answer['customers'] ?? 0),
			'error'      => (string)$row['error']
		];
	}
}
