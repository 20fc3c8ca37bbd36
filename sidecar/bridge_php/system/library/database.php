<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * The store's database, with values that cannot become SQL.
 *
 * `{name}` in a statement is the table of that name with the store's prefix: `{customer}` is the
 * store's, `{sidecar_customer}` ours. Each `?` is one value, or a list of values with commas.
 */
class Database {
	private \Opencart\System\Library\DB $db;
	private string $prefix;

	public function __construct(\Opencart\System\Library\DB $db, string $prefix) {
		$this->db = $db;
		$this->prefix = $prefix;
	}

	/** What the names of the store's tables begin with. */
	public function prefix(): string {
		return $this->prefix;
	}

	/**
	 * Rows, each with its columns by name; of every column a string, or null.
	 *
	 * @param list<mixed> $values
	 *
	 * @return list<array<string, ?string>>
	 */
	public function rows(string $sql, array $values = []): array {
		return $this->db->query($this->bind($sql, $values))->rows;
	}

	/**
	 * The first row; null when there is none.
	 *
	 * @param list<mixed> $values
	 *
	 * @return ?array<string, ?string>
	 */
	public function row(string $sql, array $values = []): ?array {
		return $this->rows($sql, $values)[0] ?? null;
	}

	/**
	 * The first column of the first row; null when there is no row.
	 *
	 * @param list<mixed> $values
	 */
	public function value(string $sql, array $values = []): ?string {
		$row = $this->row($sql, $values);

		return $row ? reset($row) : null;
	}

	/**
	 * Add rows to one of the two tables that the bridge writes.
	 *
	 * @param 'sidecar_command'|'sidecar_hint' $table
	 * @param array<string, mixed>             $values by column
	 *
	 * @return bool false: a row with its key is there
	 */
	public function add(string $table, array $values): bool {
		if (!in_array($table, ['sidecar_command', 'sidecar_hint'], true)) {
			throw new \LogicException('the bridge does not write ' . $table);
		}

		$columns = '`' . implode('`, `', array_keys($values)) . '`';
		$this->db->query($this->bind('INSERT IGNORE INTO {' . $table . '} (' . $columns . ') VALUES (?)', [array_values($values)]));

		return $this->db->countAffected() > 0;
	}

	/**
	 * A statement with its tables and values; pure, so that a test can hold it to hostile ones.
	 *
	 * @param list<mixed> $values
	 */
	public function bind(string $sql, array $values): string {
		$place = 0;
		$bound = preg_replace_callback('/\{([a-z0-9_]+)\}|\?/', function (array $found) use ($values, &$place): string {
			if ($found[0] !== '?') {
				return '`' . $this->prefix . $found[1] . '`';
			}

			if (!array_key_exists($place, $values)) {
				throw new \LogicException('a value is missing');
			}

			return $this->literal($values[$place++]);
		}, $sql);

		if ($place !== count($values)) {
			throw new \LogicException('there are more values than places');
		}

		return (string)$bound;
	}

	/**
	 * @param mixed $value
	 */
	private function literal($value): string {
		if (is_array($value)) {
			// An empty list matches nothing.
			return $value ? implode(', ', array_map([$this, 'literal'], $value)) : 'NULL';
		}

		if ($value === null) {
			return 'NULL';
		}

		if (is_int($value) || is_bool($value)) {
			return (string)(int)$value;
		}

		if (is_string($value)) {
			return "'" . $this->db->escape($value) . "'";
		}

		throw new \LogicException('a value of SQL is a string, an integer, a boolean or null');
	}
}
