<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\Page;

/**
 * Requests about personal data, and what is kept for how long.
 */
class Gdpr extends Page {
	protected const NAME = 'gdpr';

	public function index(): void {
		$this->show('gdpr', []);
	}
}
