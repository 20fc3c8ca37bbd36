<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Startup;

use Opencart\System\Engine\Action;
use Opencart\System\Library\Extension\Sidecar\Hints;

/**
 * Registers, at each request, what the bridge adds to the admin's own pages and what it is told of.
 *
 * Rows of the table of events would do the same, but an upgrade of OpenCart alters their
 * triggers. `?` stands for the separator of a method, which differs between versions.
 *
 * @property \Opencart\System\Engine\Event $event
 */
class Sidecar extends \Opencart\System\Engine\Controller {
	/** Handlers of event/sidecar, by what they follow. */
	private const EVENTS = [
		'view/common/column_left/before'      => '_menu',
		'view/customer/customer_list/before'  => '_badges',
		'view/customer/customer_form/after'   => '_tab'
	];

	public function index(): void {
		try {
			foreach (self::EVENTS as $trigger => $handler) {
				$this->event->register($trigger, new Action('extension/sidecar/event/sidecar.' . $handler), 0);
			}

			foreach (Hints::ADMIN_EVENTS as $trigger) {
				$this->event->register($trigger, new Action('extension/sidecar/event/sidecar._hint'), 0);
			}
		} catch (\Throwable $e) {
			// The admin works without us.
		}
	}
}
