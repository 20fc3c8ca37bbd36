<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\Page;

/**
 * How the sidecar is.
 */
class Status extends Page {
	protected const NAME = 'status';

	public function index(): void {
		$this->show('status', []);
	}
}
