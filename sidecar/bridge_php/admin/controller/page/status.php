<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\Bridge;
use Opencart\System\Library\Extension\Sidecar\Daemon;
use Opencart\System\Library\Extension\Sidecar\Page;
use Opencart\System\Library\Extension\Sidecar\Status as Standing;
use Opencart\System\Library\Extension\Sidecar\Text;

/**
 * How the sidecar is.
 */
class Status extends Page {
	protected const NAME = 'status';

	public function index(): void {
		$this->show('status', [
			'live'    => $this->liveHtml(),
			'refresh' => $this->here('live'),
			'pausing' => $this->view('status_pausing', $this->pausingData()),
			'again'   => $this->here('pausing'),
			'doctor'  => $this->here('doctor'),
			'size'    => $this->here('size'),
			'scripts' => ['javascript/panels.js']
		]);
	}

	/** What changes from moment to moment, as a piece. */
	public function live(): void {
		$this->response->setOutput($this->liveHtml());
	}

	/** What can be done about it, as a piece. */
	public function pausing(): void {
		$this->piece('status_pausing', $this->pausingData());
	}

	/** What our tables take up, as a piece. */
	public function size(): void {
		$tables = [];
		$bytes = 0;

		foreach ((new Standing($this->database()))->sizes() as $table) {
			$bytes += (int)$table['bytes'];
			$tables[] = ['name' => $table['name'], 'rows' => $this->number($table['number']), 'size' => $this->megabytes((int)$table['bytes'])];
		}

		$this->piece('status_size', ['tables' => $tables, 'total' => $this->megabytes($bytes)]);
	}

	/** What the doctor found, as a piece: GET command. */
	public function doctor(): void {
		$found = $this->commands()->find((int)$this->get('command'), $this->actor());
		$findings = $found && $found['name'] === 'doctor' ? $found['answer']['findings'] ?? [] : [];
		$counts = array_count_values(array_column($findings, 'state')) + ['error' => 0, 'warning' => 0, 'note' => 0, 'ok' => 0];
		$order = array_flip(['error', 'warning', 'note', 'ok']);
		usort($findings, static function (array $one, array $other) use ($order): int {
			return $order[$one['state']] <=> $order[$other['state']];
		});
		$this->piece('status_doctor', ['findings' => $findings, 'counts' => $counts]);
	}

	private function liveHtml(): string {
		$daemon = (new Daemon($this->database()))->state();
		$data = [
			'daemon'   => $daemon,
			'alerts'   => $this->view('daemon', ['daemon' => $daemon]),
			'versions' => $this->versions($daemon),
			'status'   => null
		];

		if (!in_array($daemon['state'], ['tables', 'older'], true)) {
			$data['status'] = $this->told();
		}

		return $this->view('status_live', $data);
	}

	/**
	 * @return array<string, mixed>
	 */
	private function told(): array {
		$standing = new Standing($this->database());
		$read = $standing->read();
		$words = $this->words();
		$said = $read['said'] ?? [];
		$capture = $said['capture'] ?? [];
		$doing = (string)($said['doing'] ?? '');
		$errors = [];

		foreach (array_reverse($said['errors'] ?? []) as $error) {
			$errors[] = ['at' => $this->at((string)$error['at']), 'message' => $error['message']];
		}

		foreach ($read['findings'] as &$finding) {
			$finding['first_at'] = $this->at($finding['first_at']);
			$finding['last_at'] = $this->at($finding['last_at']);
		}

		$aside = $read['set_aside'] ? $standing->setAside() : [];

		foreach ($aside as &$customer) {
			$customer['at'] = $this->at($customer['at']);
			$customer['href'] = $this->maySee('customers') ? $this->link(Bridge::route('customers') . '.info', ['customer_id' => $customer['customer_id']]) : '';
		}

		return [
			'since'        => $this->at(isset($said['started_at']) ? (string)$said['started_at'] : null),
			'at'           => $this->at(isset($said['at']) ? (string)$said['at'] : null),
			'pid'          => (string)($said['pid'] ?? ''),
			'memory'       => (string)($said['memory_mb'] ?? ''),
			'doing'        => $words['doing_' . $doing] ?? $doing,
			'hangs'        => $read['hangs'],
			'mode'         => $words['mode_' . $read['daemon']['mode']] ?? $read['daemon']['mode'],
			'lag'          => $read['daemon']['lag'],
			'why'          => (string)($capture['why'] ?? ''),
			'gaps'         => array_sum($capture['gaps'] ?? []),
			'unannounced'  => (int)($capture['unannounced'] ?? 0),
			'full_pass'    => $this->at($read['last_full_pass'] === null ? null : (string)$read['last_full_pass']),
			'wanted'       => $read['wanted'],
			'queues'       => array_map([$this, 'number'], $read['queues']),
			'waiting'      => $read['waiting'],
			'waiting_href' => $this->maySee('activity') ? $this->link(Bridge::route('activity')) : '',
			'held'         => $read['held'],
			'held_href'    => $this->maySee('rules') ? $this->link(Bridge::route('rules')) : '',
			'requests'     => $read['requests'],
			'due'          => Text::at($read['due_at'], $words['format_day']),
			'is_overdue'   => $read['due_at'] !== null && (int)$read['due_at'] < time(),
			'reload_error' => (string)($said['reload_error'] ?? ''),
			'errors'       => $errors,
			'findings'     => $read['findings'],
			'set_aside'    => $read['set_aside'],
			'aside'        => $aside
		];
	}

	/**
	 * The versions of the three parts, and whether they fit.
	 *
	 * @param array<string, mixed> $daemon
	 *
	 * @return array<string, mixed>
	 */
	private function versions(array $daemon): array {
		$schema = (new Daemon($this->database()))->schema();

		if ($schema === null) {
			$fit = 'tables';
		} elseif ($schema < Bridge::SCHEMA) {
			$fit = 'older';
		} elseif ($daemon['version'] !== '' && $daemon['version'] !== Bridge::VERSION) {
			$fit = 'apart';
		} else {
			$fit = $schema > Bridge::SCHEMA ? 'newer' : 'fit';
		}

		return ['daemon' => $daemon['version'], 'bridge' => Bridge::VERSION, 'schema' => $schema, 'wanted' => Bridge::SCHEMA, 'fit' => $fit];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function pausingData(): array {
		$paused = (new Daemon($this->database()))->state()['paused'];

		return ['paused' => $paused === null ? null : [
			'by'     => Text::actor((string)($paused['by'] ?? '')),
			'at'     => $this->at((string)($paused['at'] ?? '')),
			'reason' => (string)($paused['reason'] ?? '')
		]];
	}

	private function megabytes(int $bytes): string {
		return number_format($bytes / 1e6, 1, $this->language->get('decimal_point'), $this->language->get('thousand_point'));
	}
}
