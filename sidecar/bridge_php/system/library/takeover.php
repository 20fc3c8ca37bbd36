<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * OpenCart's own requests about data, and who carries them out.
 */
class Takeover {
	private Database $database;

	public function __construct(Database $database) {
		$this->database = $database;
	}

	/**
	 * How it is.
	 *
	 * @return array{taken: bool, half: bool, by: string, at: ?string, job_on: bool, jobs: int}
	 *   half: it was begun and not ended; jobs: OpenCart's, none where somebody deleted it
	 */
	public function state(): array {
		$said = Daemon::read($this->database, ['gdpr_takeover'])['gdpr_takeover'];
		$jobs = array_column($this->database->rows("SELECT `status` FROM {cron} WHERE `code` = 'gdpr'"), 'status');

		return [
			'taken'  => !empty($said['done']),
			'half'   => $said !== null && empty($said['done']),
			'by'     => Text::actor((string)($said['by'] ?? '')),
			'at'     => isset($said['at']) ? (string)$said['at'] : null,
			'job_on' => in_array('1', $jobs, true),
			'jobs'   => count($jobs)
		];
	}

	/**
	 * OpenCart's own rows by how they stand there: -1 denied, 0 unverified, 1 pending,
	 * 2 processing, 3 complete.
	 *
	 * @return array<int, int> how many, by status
	 */
	public function rows(): array {
		$rows = $this->database->rows('SELECT `status`, COUNT(*) AS `number` FROM {gdpr} GROUP BY `status` ORDER BY `status`');

		return array_map('intval', array_column($rows, 'number', 'status'));
	}
}
