<?php
/**
 * Runs code of a test with the bridge's classes, and what they need of OpenCart, against a database.
 *
 * Standard input is JSON: bridge, database (host, port, socket, user, password, name, prefix), zone,
 * code, values. The code is a function's body with $database, $db and $values; what it returns is
 * written to standard output as JSON. A warning is an exception, as in OpenCart.
 */

namespace Opencart\System\Engine {
	class Registry {
		private array $data = [];

		public function __get(string $key): ?object {
			return $this->get($key);
		}

		public function __set(string $key, object $value): void {
			$this->set($key, $value);
		}

		public function get(string $key): ?object {
			return $this->data[$key] ?? null;
		}

		public function set(string $key, object $value): void {
			$this->data[$key] = $value;
		}

		public function has(string $key): bool {
			return isset($this->data[$key]);
		}
	}

	/** @property object $db */
	class Controller {
		protected Registry $registry;

		public function __construct(Registry $registry) {
			$this->registry = $registry;
		}

		public function __get(string $key): object {
			if (!$this->registry->has($key)) {
				throw new \Exception('Error: could not call registry key ' . $key . '!');
			}

			return $this->registry->get($key);
		}

		public function __set(string $key, object $value): void {
			$this->registry->set($key, $value);
		}

		public function __isset(string $key): bool {
			return $this->registry->has($key);
		}
	}

	class Action {
		public string $route;

		public function __construct(string $route) {
			$this->route = $route;
		}

		public function getId(): string {
			return $this->route;
		}
	}
}

namespace Opencart\System\Library {
	/** Answers as OpenCart's does, with a session like its. */
	class DB {
		/** @var list<string> every statement so far */
		public array $asked = [];
		private \mysqli $connection;

		/** @param array{host: string, port: int, socket: ?string, user: string, password: string, name: string} $place */
		public function __construct(array $place) {
			mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
			$this->connection = new \mysqli($place['socket'] === null ? $place['host'] : 'localhost', $place['user'], $place['password'], $place['name'], $place['port'], $place['socket']);
			$this->connection->set_charset('utf8mb4');
			$this->connection->query("SET SESSION sql_mode = 'NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'");
			$this->connection->query('SET FOREIGN_KEY_CHECKS = 0');
			$this->connection->query("SET time_zone = '" . date('P') . "'");
		}

		/** @return \stdClass|true */
		public function query(string $sql) {
			$this->asked[] = $sql;

			try {
				$result = $this->connection->query($sql);
			} catch (\mysqli_sql_exception $e) {
				throw new \Exception($e->getMessage() . "\n" . $sql, $e->getCode());
			}

			if ($result === true) {
				return true;
			}

			$rows = $result->fetch_all(MYSQLI_ASSOC);

			return (object)['num_rows' => count($rows), 'row' => $rows[0] ?? [], 'rows' => $rows];
		}

		public function escape(string $value): string {
			return $this->connection->real_escape_string($value);
		}

		public function countAffected(): int {
			return $this->connection->affected_rows;
		}

		public function getLastId(): int {
			return $this->connection->insert_id;
		}
	}
}

namespace {
	set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
		throw new \ErrorException($message, 0, $level, $file, $line);
	});
	$asked = json_decode((string)stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);
	date_default_timezone_set($asked['zone']);
	define('DB_PREFIX', $asked['database']['prefix']);

	spl_autoload_register(static function (string $class) use ($asked): void {
		$places = [
			'Opencart\\System\\Library\\Extension\\Sidecar\\'     => 'system/library/',
			'Opencart\\Admin\\Controller\\Extension\\Sidecar\\'   => 'admin/controller/',
			'Opencart\\Catalog\\Controller\\Extension\\Sidecar\\' => 'catalog/controller/'
		];

		foreach ($places as $namespace => $folder) {
			if (strpos($class, $namespace) === 0) {
				$name = str_replace('\\', '/', substr($class, strlen($namespace)));
				$file = $asked['bridge'] . '/' . $folder . strtolower((string)preg_replace('/(?<=[a-z])(?=[A-Z0-9])/', '_', $name)) . '.php';

				if (is_file($file)) {
					require $file;
				}
			}
		}
	});

	$db = new \Opencart\System\Library\DB($asked['database']);
	$database = new \Opencart\System\Library\Extension\Sidecar\Database($db, DB_PREFIX);
	$carry_out = static function (string $code, object $db, object $database, array $values) {
		return eval('use Opencart\System\Library\Extension\Sidecar; ' . $code);
	};
	$returned = $carry_out($asked['code'], $db, $database, $asked['values']);
	echo json_encode($returned, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR);
}
