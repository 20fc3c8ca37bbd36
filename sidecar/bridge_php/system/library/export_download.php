<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * An export that the sidecar laid into our tables in parts, to be fetched once by who asked.
 *
 * A file may be larger than PHP's memory: one part is held at a time.
 */
class ExportDownload {
	private Database $database;
	private int $command_id;

	public function __construct(Database $database, int $command_id) {
		$this->database = $database;
		$this->command_id = $command_id;
	}

	/**
	 * What the command made ready; null: it is no such command of theirs, or its time is over.
	 *
	 * @return ?array{request: int, file: string, bytes: int, sha256: string, parts: int}
	 */
	public function find(string $actor): ?array {
		$command = (new Commands($this->database))->find($this->command_id, $actor);

		if (!$command || $command['name'] !== 'gdpr.download' || $command['state'] !== 'done' || empty($command['answer']['request'])) {
			return null;
		}

		$request_id = (int)$command['answer']['request'];
		$export = (new DataRequests($this->database))->export($request_id);
		$parts = (int)$this->database->value('SELECT COUNT(*) FROM {sidecar_export_part} WHERE `command_id` = ? AND `ends_at` > ?', [$this->command_id, time()]);

		if (!$export || $export['deleted_at'] !== null || $parts === 0 || $parts !== (int)$command['answer']['parts']) {
			return null;
		}

		return ['request' => $request_id, 'file' => $export['file'], 'bytes' => (int)$export['bytes'], 'sha256' => $export['sha256'], 'parts' => $parts];
	}

	/**
	 * Whether the parts are the archive that was made, to the last byte.
	 *
	 * @param array{bytes: int, sha256: string, parts: int} $found
	 */
	public function isWhole(array $found): bool {
		$hash = hash_init('sha256');
		$bytes = 0;

		for ($part = 0; $part < $found['parts']; $part++) {
			$piece = $this->part($part);
			hash_update($hash, $piece);
			$bytes += strlen($piece);
		}

		return $bytes === $found['bytes'] && hash_equals($found['sha256'], hash_final($hash));
	}

	/**
	 * Note that it is being fetched; false: it was before, and nobody gets it again.
	 */
	public function claim(string $actor): bool {
		$parameters = (string)json_encode(['download' => $this->command_id]);

		return (new Commands($this->database))->once('gdpr.downloaded', $parameters, $actor, 'downloaded-' . $this->command_id);
	}

	/** A part, from 0; '': it is not there. */
	public function part(int $part): string {
		return (string)$this->database->value('SELECT `bytes` FROM {sidecar_export_part} WHERE `command_id` = ? AND `part` = ?', [$this->command_id, $part]);
	}
}
