<?php
// Of every page
$_['heading_title'] = 'Sidecar';
$_['menu_sidecar'] = 'Sidecar';
$_['menu_customers'] = 'Customers';
$_['menu_rules'] = 'Segments and rules';
$_['menu_loyalty'] = 'Loyalty';
$_['menu_gdpr'] = 'Privacy';
$_['menu_reports'] = 'Reports';
$_['menu_activity'] = 'Activity';
$_['menu_status'] = 'Status';
$_['text_home'] = 'Home';

// When nobody carries out what is asked for
$_['daemon_tables'] = 'The sidecar\'s tables are not there. On the server, run: sidecar migrate';
$_['daemon_older'] = 'The sidecar\'s tables are older than this bridge. On the server, update the sidecar and run: sidecar migrate';
$_['daemon_never'] = 'The sidecar has not run yet. On the server, start it: systemctl start opencart-sidecar';
$_['daemon_silent'] = 'The sidecar is not running; it was last seen at %s. You see what was true then, and what you ask for waits until it runs again.';
$_['daemon_busy'] = 'The sidecar is not running as a service; a command on the server is doing its work just now.';
$_['daemon_paused'] = 'Paused: nothing is written to the store until somebody resumes.';

// Said by scripts
$_['js_working'] = 'Working…';
$_['js_waits'] = 'Waiting for the sidecar…';
$_['js_done'] = 'Done.';
$_['js_approval'] = 'This waits for approval, under Activity.';
$_['js_failed'] = 'It was not done:';
$_['js_lost'] = 'The server did not answer. Try again.';
$_['js_slow'] = 'It takes longer than usual. It goes on also when you leave this page.';
$_['js_login'] = 'You are not logged in any more. Load the page anew.';
$_['js_idle'] = 'The sidecar works this out when it runs again.';
$_['js_close'] = 'Close';

// Errors
$_['error_permission'] = 'You do not have the right to do this.';
$_['error_request'] = 'The request could not be read. Load the page anew and try again.';
$_['error_command'] = 'There is no such request of yours.';
$_['text_no_tables'] = 'There is nothing to show until the sidecar\'s tables are there.';
