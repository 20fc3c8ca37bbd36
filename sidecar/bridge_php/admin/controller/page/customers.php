<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\CustomerPage;
use Opencart\System\Library\Extension\Sidecar\Page;

/**
 * The list of customers, and one customer.
 */
class Customers extends Page {
	use CustomerPage;

	protected const NAME = 'customers';

	public function index(): void {
		$this->show('customers', []);
	}
}
