<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Whether somebody carries out what is asked for, as our tables tell it.
 */
class Daemon {
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
	 * @return array{state: 'running'|'busy'|'silent'|'never'|'older'|'tables', at: ?int, version: string, mode: string, lag: ?int, paused: ?array<string, mixed>}
	 *   busy: it does not run, and a command line does its work for now; silent: it was there, at
	 *   `at` last; tables: ours are missing; older: they are older than this bridge. `lag`: seconds
	 *   for which changes may not have been looked at. `paused`: who, when and why; null: it is not.
	 */
	public function state(): array {
		$state = ['state' => 'tables', 'at' => null, 'version' => '', 'mode' => '', 'lag' => null, 'paused' => null];
		$schema = $this->schema();

		if ($schema === null) {
			return $state;
		}

		$said = self::read($this->database, ['daemon', 'paused']);
		$state['paused'] = $said['paused'];
		$daemon = $said['daemon'];

		if ($daemon) {
			$state['at'] = (int)$daemon['at'];
			$state['version'] = (string)$daemon['version'];
			$state['mode'] = (string)$daemon['mode'];
			$state['lag'] = isset($daemon['lag_s']) ? max(0, (int)$daemon['lag_s'] + time() - (int)$daemon['at']) : null;
		}

		$holder = $this->holder();

		if ($schema < Bridge::SCHEMA) {
			$state['state'] = 'older';
		} elseif ($holder !== null) {
			$state['state'] = $daemon && (int)$daemon['connection_id'] === $holder ? 'running' : 'busy';
		} else {
			$state['state'] = $daemon ? 'silent' : 'never';
		}

		return $state;
	}

	/**
	 * Single values of the whole installation.
	 *
	 * @param list<string> $names
	 *
	 * @return array<string, mixed> by name; null: there is none
	 */
	public static function read(Database $database, array $names): array {
		$read = array_fill_keys($names, null);

		foreach ($database->rows('SELECT `name`, `value` FROM {sidecar_state} WHERE `name` IN (?)', [$names]) as $row) {
			$read[$row['name']] = json_decode((string)$row['value'], true);
		}

		return $read;
	}

	/**
	 * The connection of who writes: it holds a lock of the server, which ends with it, so that
	 * one that was killed is known to be gone at once. Null: nobody.
	 */
	public function holder(): ?int {
		try {
			$store = $this->database->value('SELECT DATABASE()') . "\0" . $this->database->prefix();
			$holder = $this->database->value('SELECT IS_USED_LOCK(?)', ['sidecar:' . substr(hash('sha256', $store), 0, 16)]);
		} catch (\Exception $e) {
			// Servers that know no locks by name: there it has a lease.
			$holder = null;
		}

		if ($holder !== null) {
			return (int)$holder;
		}

		$lease = $this->database->value("SELECT `position` FROM {sidecar_source} WHERE `name` = 'lease' AND `at` > UNIX_TIMESTAMP()");

		return $lease === null ? null : (int)(json_decode($lease, true)['connection_id'] ?? 0);
	}
}
