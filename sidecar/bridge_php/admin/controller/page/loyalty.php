<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\Page;

/**
 * Points, store credit and tiers.
 */
class Loyalty extends Page {
	protected const NAME = 'loyalty';

	public function index(): void {
		$this->show('loyalty', []);
	}
}
