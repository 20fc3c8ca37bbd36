<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Whether somebody carries out what is asked for, as our tables tell it.
 */
class Daemon {
	/** Seconds without a heartbeat after which it counts as gone; it beats every five. */
	private const SILENT = 30;

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/** The version of our tables; null: there are none. */
	public function schema(): ?int {
		try {
			$version = $this->database->value('SELECT MAX(`version`) FROM {sidecar_migration}');
		} catch (\Exception $e) {
			return null;
		}

		return $version === null ? null : (int)$version;
	}

	/**
	 * How it is.
	 *
	 * @return array{state: 'running'|'silent'|'never'|'tables', at: ?int, version: string, mode: string, lag: ?int, paused: ?array<string, mixed>}
	 *   silent: it was there, at `at` last; tables: ours are missing. `lag` in seconds. `paused`: who, when and why; null: it is not.
	 */
	public function state(): array {
		$state = ['state' => 'tables', 'at' => null, 'version' => '', 'mode' => '', 'lag' => null, 'paused' => null];

		if ($this->schema() === null) {
			return $state;
		}

		foreach ($this->database->rows("SELECT `name`, `value` FROM {sidecar_state} WHERE `name` IN ('daemon', 'paused')") as $row) {
			$value = json_decode((string)$row['value'], true);

			if ($row['name'] === 'paused') {
				$state['paused'] = is_array($value) ? $value : null;
			} elseif (is_array($value)) {
				$state['at'] = (int)($value['at'] ?? 0);
				$state['version'] = (string)($value['version'] ?? '');
				$state['mode'] = (string)($value['mode'] ?? '');
				$state['lag'] = isset($value['lag_s']) ? (int)$value['lag_s'] : null;
			}
		}

		if ($state['at'] === null) {
			$state['state'] = 'never';
		} else {
			$state['state'] = time() - $state['at'] > self::SILENT ? 'silent' : 'running';
		}

		return $state;
	}
}
