<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Commands: what people ask of the sidecar, as rows of `sidecar_command`.
 */
class Commands {
	/** Which areas of commands the right of a page covers. */
	private const AREAS = [
		'customers' => ['customers', 'tags'],
		'rules'     => ['rules'],
		'loyalty'   => ['points', 'credit'],
		'gdpr'      => ['privacy'],
		'activity'  => ['runs'],
		'status'    => ['operation']
	];

	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/** Whether who has the right of *page* may ask for the command *name*. */
	public static function belongs(string $page, string $name): bool {
		return in_array(CommandList::AREA[$name] ?? '', self::AREAS[$page] ?? [], true);
	}

	/**
	 * Whether the command *name* with these parameters only looks, and changes nothing.
	 *
	 * @param array<string, mixed> $parameters
	 */
	public static function looks(string $name, array $parameters): bool {
		$acting = CommandList::LOOKS[$name] ?? null;

		return $acting !== null && !array_intersect_key($parameters, array_flip($acting));
	}

	/**
	 * Ask for a command; asked again with the same key it is the same command.
	 *
	 * @param string $parameters a JSON object
	 * @param string $actor      e.g. admin:anna
	 * @param string $key        1 to 64 characters
	 *
	 * @return int its number
	 */
	public function ask(string $name, string $parameters, string $actor, string $key): int {
		$actor = mb_substr($actor, 0, 64);
		$this->once($name, $parameters, $actor, $key);
		$found = $this->database->row('SELECT `command_id`, `name`, `actor` FROM {sidecar_command} WHERE `idempotency_key` = ?', [$key]);

		if (!$found || $found['name'] !== $name || $found['actor'] !== $actor) {
			throw new \RuntimeException('the key was used for another command');
		}

		return (int)$found['command_id'];
	}

	/**
	 * Ask for a command under a key that is good for once.
	 *
	 * @param string $parameters a JSON object
	 *
	 * @return bool false: the key was used, and nothing is asked for
	 */
	public function once(string $name, string $parameters, string $actor, string $key): bool {
		return $this->database->add('sidecar_command', [
			'name'            => $name,
			'parameters'      => $parameters,
			'actor'           => mb_substr($actor, 0, 64),
			'idempotency_key' => $key,
			'created_at'      => time()
		]);
	}

	/**
	 * What a command was asked with; empty: there is none of that number by that actor.
	 *
	 * @return array<string, mixed>
	 */
	public function parameters(int $command_id, string $actor): array {
		$text = $this->database->value('SELECT `parameters` FROM {sidecar_command} WHERE `command_id` = ? AND `actor` = ?', [$command_id, mb_substr($actor, 0, 64)]);

		return $text === null ? [] : (array)json_decode($text, true);
	}

	/**
	 * A command as it stands; null: there is none of that number by that actor.
	 *
	 * @return ?array{command: int, name: string, state: string, done: int, total: int, answer: mixed, error: ?string}
	 */
	public function find(int $command_id, string $actor): ?array {
		$row = $this->database->row('SELECT `command_id`, `name`, `state`, `done`, `total`, `answer`, `error` FROM {sidecar_command} WHERE `command_id` = ? AND `actor` = ?', [$command_id, mb_substr($actor, 0, 64)]);

		if (!$row) {
			return null;
		}

		return [
			'command' => (int)$row['command_id'],
			'name'    => (string)$row['name'],
			'state'   => (string)$row['state'],
			'done'    => (int)$row['done'],
			'total'   => (int)$row['total'],
			'answer'  => $row['answer'] === null ? null : json_decode($row['answer'], true),
			'error'   => $row['error']
		];
	}
}
