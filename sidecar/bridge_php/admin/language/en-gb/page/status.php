<?php
$_['heading_title'] = 'Status';

// How it is
$_['text_state'] = 'State';
$_['text_daemon'] = 'Sidecar';
$_['state_running'] = 'Running';
$_['state_busy'] = 'A command does its work';
$_['state_silent'] = 'Not running';
$_['state_never'] = 'Has not run yet';
$_['text_running'] = 'since %s, process %s, %s MB';
$_['text_seen'] = 'last seen %s';
$_['text_hangs'] = 'It has said nothing since %s: it hangs, or the server\'s clock is wrong.';
$_['text_changes'] = 'Changes in the store';
$_['text_lag'] = 'lag %s s';
$_['text_no_log'] = 'Not by the binary log: %s';
$_['text_gaps'] = 'Gaps in the log: %s. Everybody was looked at again.';
$_['text_unannounced'] = 'Customers that changed without the log telling: %s';
$_['text_full_pass'] = 'Last full pass';
$_['text_not_yet'] = 'not yet';
$_['text_wanted'] = 'another one is asked for';
$_['text_queues'] = 'Waiting to be done';
$_['text_queued'] = '%s requests, %s hints, %s customers who are due';
$_['text_decide'] = 'Needs a person';
$_['text_waiting'] = 'Runs that wait for approval: %s';
$_['text_held'] = 'Rules that are held: %s';
$_['text_requests'] = 'Requests about personal data: %s, the first due %s';
$_['text_nothing'] = 'nothing';
$_['text_files'] = 'Files';
$_['text_reload'] = 'The settings or rules in the files cannot be used; the old ones hold.';
$_['text_errors'] = 'Last errors';
$_['mode_binlog'] = 'noticed by the binary log';
$_['mode_poll'] = 'noticed by polling';

// What it does now
$_['doing_starting'] = 'starting';
$_['doing_waiting'] = 'waits for something to do';
$_['doing_commands'] = 'carries out a request';
$_['doing_hints'] = 'looks at customers whom the store named';
$_['doing_log'] = 'reads the binary log';
$_['doing_poll'] = 'looks for changes';
$_['doing_due'] = 'looks at customers who are due';
$_['doing_full_pass'] = 'looks at everybody';
$_['doing_privacy'] = 'works on requests about personal data';
$_['doing_upkeep'] = 'tidies up its tables';

// Versions
$_['text_versions'] = 'Versions';
$_['text_sidecar'] = 'Sidecar';
$_['text_bridge'] = 'This extension';
$_['text_tables'] = 'Tables';
$_['text_unknown'] = 'not known yet';
$_['text_missing'] = 'not there';
$_['fit_fit'] = 'They fit.';
$_['fit_newer'] = 'The tables are newer than this extension. It works; to have everything, install the extension of the sidecar\'s version: sidecar bridge install';
$_['fit_apart'] = 'Sidecar and extension are of different versions. Install the extension that came with the sidecar: sidecar bridge install';
$_['fit_older'] = 'This extension needs the tables of version %s. On the server, update the sidecar and run: sidecar migrate';
$_['fit_tables'] = 'The tables are not there. On the server, run: sidecar migrate';

// Findings
$_['text_findings'] = 'To be looked at';
$_['text_aside'] = 'Customers set aside: %s';
$_['help_aside'] = 'Their data could not be processed. They keep what they had, and are tried again with every full pass.';
$_['column_finding'] = 'What';
$_['column_since'] = 'Since';
$_['column_last'] = 'Last found';
$_['column_times'] = 'Times';
$_['column_customer'] = 'Customer';
$_['column_error'] = 'What is wrong';

// Acting
$_['text_acting'] = 'Pause and look';
$_['help_pause'] = 'While the sidecar is paused, nothing is written to the store\'s own tables, such as customer groups and points. Tags, segments and facts go on.';
$_['entry_reason'] = 'Reason (everybody sees it)';
$_['button_pause'] = 'Pause';
$_['button_resume'] = 'Resume';
$_['text_paused'] = 'Paused.';
$_['text_paused_by'] = 'Paused by %s, %s.';
$_['text_resumed'] = 'The pause is over. The next full pass writes what is due.';
$_['text_look'] = 'Every customer is looked at once a day. You need this only when you do not want to wait for it.';
$_['button_look'] = 'Look at everybody now';
$_['text_looked'] = 'Everybody was looked at.';

// Size
$_['text_size'] = 'Size in the database';
$_['text_total'] = 'All tables of the sidecar';
$_['column_table'] = 'Table';
$_['column_rows'] = 'Rows, about';
$_['column_megabytes'] = 'MB';

// Doctor
$_['text_doctor'] = 'Examination';
$_['help_doctor'] = 'Checks the database, its rights and indexes, the settings, the rules, the store\'s version and more, and says how to mend what is wrong. It takes a few seconds and changes nothing.';
$_['button_doctor'] = 'Check everything';
$_['doctor_errors'] = 'errors';
$_['doctor_warnings'] = 'warnings';
$_['doctor_notes'] = 'notes';
$_['doctor_well'] = 'in order';
$_['doctor_all_well'] = 'What is in order';
$_['column_check'] = 'Check';
$_['column_found'] = 'Found';
