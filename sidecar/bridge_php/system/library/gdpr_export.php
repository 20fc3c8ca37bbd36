<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * The export of a request: fetched once, and its password shown once. For the page of privacy.
 */
trait GdprExport {
	/** The archive of a request, as a piece: GET request. */
	public function export(): void {
		$this->piece('gdpr_export', $this->exportData((int)$this->get('request')));
	}

	/** A key that a password is sealed for: POST; answers {key}, or {error}. Its other half is a cookie. */
	public function seal(): void {
		$words = $this->words();
		$keys = $this->isPost() && $this->mayAct() ? SealedLetter::keys() : null;

		if (!$keys) {
			$this->json(['error' => $words[$this->mayAct() ? 'error_seal' : 'error_permission']]);

			return;
		}

		$this->keep($keys['private'], time() + SealedLetter::SECONDS);
		$this->json(['key' => $keys['public']]);
	}

	/** A password, as a piece and once: GET command, a gdpr.password that was sealed for `seal`. */
	public function password(): void {
		$sealed = (string)($this->answered('gdpr.password')['sealed'] ?? '');
		$private = $this->request->cookie['sidecar_letter'] ?? '';
		$password = $sealed !== '' && is_string($private) && $this->mayAct() ? SealedLetter::open($sealed, $private) : null;
		$this->keep('', 1);
		$this->response->addHeader('Cache-Control: no-store');
		$this->piece('gdpr_password', ['password' => (string)$password]);
	}

	/** The file itself, once: POST command, a gdpr.download. */
	public function download(): void {
		$command_id = (int)($this->request->post['command'] ?? 0);
		$download = new ExportDownload($this->database(), $command_id);
		$found = $this->isPost() && $this->mayAct() ? $download->find($this->actor()) : null;

		if (!$found || !$download->isWhole($found) || !$download->claim($this->actor())) {
			$this->show('gdpr_refused', []);

			return;
		}

		while (ob_get_level()) {
			ob_end_clean();
		}

		set_time_limit(0);
		ini_set('zlib.output_compression', '0');
		header('Content-Type: application/zip');
		header('Content-Length: ' . $found['bytes']);
		header('Content-Disposition: attachment; filename="' . preg_replace('/[^A-Za-z0-9._-]/', '_', $found['file']) . '"');
		header('Cache-Control: no-store');
		header('X-Content-Type-Options: nosniff');

		for ($part = 0; $part < $found['parts']; $part++) {
			echo $download->part($part);
			flush();
		}

		exit;
	}

	/**
	 * @return array<string, mixed> export: null: none was made
	 */
	private function exportData(int $request_id): array {
		$export = (new DataRequests($this->database()))->export($request_id);

		return [
			'export'   => $export === null ? null : [
				'file'    => $export['file'],
				'size'    => number_format((int)$export['bytes'] / 1e6, 2, $this->language->get('decimal_point'), $this->language->get('thousand_point')),
				'made'    => $this->at($export['made_at']),
				'ends'    => $this->at($export['ends_at']),
				'told'    => $this->at($export['told_at']),
				'is_gone' => $export['deleted_at'] !== null || (int)$export['ends_at'] <= time()
			],
			'request'  => $request_id,
			'download' => $this->here('download'),
			'seal'     => $this->here('seal'),
			'password' => $this->here('password')
		];
	}

	/** Let the browser keep the private half of a key until then; '' and 1: no longer. */
	private function keep(string $private, int $until): void {
		setcookie('sidecar_letter', $private, [
			'expires'  => $until,
			'path'     => (string)(parse_url(HTTP_SERVER, PHP_URL_PATH) ?: '/'),
			'secure'   => !empty($this->request->server['HTTPS']),
			'httponly' => true,
			'samesite' => 'Strict'
		]);
	}

	private function isPost(): bool {
		return ($this->request->server['REQUEST_METHOD'] ?? '') === 'POST';
	}
}
