<?php
/**
 * Times pages of lists of customers: the bridge's own classes, or statements as they are.
 *
 * Reads {bridge, database, asked} as JSON; answers milliseconds and rows of each of `asked`.
 */

namespace Opencart\System\Library {
	/** As OpenCart's own, as far as the bridge uses it. */
	class DB {
		private \mysqli $connection;

		/** @param array{socket: string, user: string, password: string, name: string} $place */
		public function __construct(array $place) {
			mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
			$this->connection = new \mysqli('localhost', $place['user'], $place['password'], $place['name'], 0, $place['socket']);
			$this->connection->set_charset('utf8mb4');
			$this->connection->query("SET SESSION sql_mode = 'NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'");
		}

		public function query(string $sql): object {
			$rows = $this->connection->query($sql)->fetch_all(MYSQLI_ASSOC);

			return (object)['rows' => $rows, 'row' => $rows[0] ?? [], 'num_rows' => count($rows)];
		}

		public function escape(string $value): string {
			return $this->connection->real_escape_string($value);
		}
	}
}

namespace {
	use Opencart\System\Library\Extension\Sidecar;

	$told = json_decode((string)stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);

	foreach (['text', 'database', 'vocabulary', 'customer_filter', 'customer_query', 'customer_list'] as $file) {
		require $told['bridge'] . '/system/library/' . $file . '.php';
	}

	$db = new \Opencart\System\Library\DB($told['database']);
	$database = new Sidecar\Database($db, $told['database']['prefix']);
	$taken = [];

	foreach ($told['asked'] as $asked) {
		$started = hrtime(true);

		if (isset($asked['statements'])) {
			foreach ($asked['statements'] as $statement) {
				$rows = count($database->rows($statement));
			}
		} else {
			$vocabulary = new Sidecar\Vocabulary($database, 1);
			$filter = new Sidecar\CustomerFilter($asked['query'], $vocabulary);
			$list = new Sidecar\CustomerList($database, $vocabulary, $filter);
			$found = $list->page($asked['sort'], $asked['descending'], (int)floor($asked['place'] * 100) * 20, 20);
			$rows = count($list->rows($found['ids']));
		}

		$taken[] = [(hrtime(true) - $started) / 1e6, $rows];
	}

	echo json_encode($taken, JSON_THROW_ON_ERROR);
}
