<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\Page;

/**
 * Numbers over time.
 */
class Reports extends Page {
	protected const NAME = 'reports';

	public function index(): void {
		$this->show('reports', []);
	}
}
