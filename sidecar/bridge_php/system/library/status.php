<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * How the installation is: the same that `sidecar status` says.
 */
class Status {
	/** Seconds without a heartbeat after which something is wrong; it beats every five. */
	private const SILENT = 30;

	/** Rows of what there may be many of. */
	private const LIMIT = 50;

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * Everything that may change from moment to moment; only where our tables are there.
	 *
	 * @return array<string, mixed> instants in seconds since 1970; null: none
	 *   daemon: as `Daemon::state` says; `said`: what it said of itself last, or null;
	 *   hangs: it holds its lock and says nothing
	 */
	public function read(): array {
		$daemon = (new Daemon($this->database))->state();
		$kept = Daemon::read($this->database, ['daemon', 'last_full_pass', 'full_pass_wanted']);
		$requests = $this->database->row("SELECT COUNT(*) AS `number`, MIN(`due_at`) - 1 AS `due_at` FROM {sidecar_privacy_request} WHERE `state` IN ('unverified', 'open', 'waiting', 'running')");

		return [
			'daemon'         => $daemon,
			'said'           => $kept['daemon'],
			'hangs'          => $daemon['state'] === 'running' && time() - $daemon['at'] > self::SILENT,
			'schema'         => (new Daemon($this->database))->schema(),
			'last_full_pass' => $kept['last_full_pass'],
			'wanted'         => $kept['full_pass_wanted'] !== null,
			'queues'         => [
				'commands' => $this->count("{sidecar_command} WHERE `state` IN ('new', 'running')"),
				'hints'    => $this->count('{sidecar_hint}'),
				'due'      => $this->count('{sidecar_customer} WHERE `next_at` <= ?', [time()])
			],
			'waiting'        => $this->count("{sidecar_run} WHERE `state` = 'waiting'"),
			'held'           => count($this->held()),
			'set_aside'      => $this->count('{sidecar_set_aside}'),
			'requests'       => (int)$requests['number'],
			'due_at'         => $requests['due_at'],
			'findings'       => $this->findings()
		];
	}

	/**
	 * Rules that an undo or a discard holds as they are now.
	 *
	 * @return list<array{kind: string, name: string, held_at: string, held_by: string}>
	 */
	public function held(): array {
		return $this->database->rows("SELECT `kind`, `name`, `held_at`, `held_by` FROM {sidecar_rule} WHERE `held` != '' AND `held` = `fingerprint` ORDER BY `kind`, `name`");
	}

	/**
	 * What a person should look at, the last found first.
	 *
	 * @param string $kind only those whose kind begins so
	 *
	 * @return list<array{kind: string, subject: string, message: string, first_at: string, last_at: string, times: string}>
	 */
	public function findings(string $kind = ''): array {
		return $this->database->rows('SELECT `kind`, `subject`, `message`, `first_at`, `last_at`, `times` FROM {sidecar_finding} WHERE `mended_at` IS NULL AND LEFT(`kind`, ?) = ? ORDER BY `last_at` DESC, `finding_id` DESC LIMIT ' . self::LIMIT, [strlen($kind), $kind]);
	}

	/**
	 * Customers whose data could not be processed, the last first.
	 *
	 * @return list<array{customer_id: string, at: string, times: string, error: string}>
	 */
	public function setAside(): array {
		return $this->database->rows('SELECT `customer_id`, `at`, `times`, `error` FROM {sidecar_set_aside} ORDER BY `at` DESC, `customer_id` LIMIT ' . self::LIMIT);
	}

	/**
	 * What our tables take up, the largest first; rows are estimates of the server.
	 *
	 * @return list<array{name: string, number: string, bytes: string}>
	 */
	public function sizes(): array {
		$beginning = $this->database->prefix() . 'sidecar_';

		return $this->database->rows('SELECT SUBSTRING(`table_name`, ?) AS `name`, `table_rows` AS `number`, COALESCE(`data_length`, 0) + COALESCE(`index_length`, 0) AS `bytes` FROM `information_schema`.`tables` WHERE `table_schema` = DATABASE() AND LEFT(`table_name`, ?) = ? ORDER BY `bytes` DESC, `name`', [strlen($this->database->prefix()) + 1, strlen($beginning), $beginning]);
	}

	/**
	 * @param list<mixed> $values
	 */
	private function count(string $from, array $values = []): int {
		return (int)$this->database->value('SELECT COUNT(*) FROM ' . $from, $values);
	}
}
