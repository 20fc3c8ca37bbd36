<?php
$_['heading_title'] = 'Activity';
$_['text_runs'] = 'Runs';
$_['text_changes'] = 'Changes of customers';
$_['text_run'] = 'Run %s';
$_['text_filter'] = 'Filter';
$_['text_all'] = 'All';
$_['text_itself'] = 'Sidecar';
$_['text_ladder'] = 'the ladder of customer groups';
$_['text_nothing'] = 'nothing';
$_['text_none'] = 'none';
$_['text_no_run'] = 'There is no such run.';
$_['text_no_runs'] = 'There are no such runs.';
$_['text_no_changes'] = 'Nothing of this kind was changed, or it is older than what is kept.';
$_['text_yes'] = 'yes';
$_['text_no'] = 'no';
$_['text_of'] = '%s changed, %s looked at';
$_['text_would_change'] = '%s would change';
$_['text_set_aside'] = '%s set aside';
$_['text_changed'] = 'What was changed';
$_['text_only'] = 'Only';
$_['text_everybody'] = 'everybody';
$_['text_more'] = 'and %s more';
$_['help_segments'] = 'Entries and exits at the moment of this run; another run of the same full pass has the same moment.';
$_['help_undo'] = 'An undo cannot be undone. Let the rules go on instead.';

// Waiting
$_['text_run_waits'] = 'Run %s waits for approval';
$_['text_would'] = 'It would change %s customers';
$_['text_planned'] = 'planned %s';
$_['text_nobody'] = 'It would change nobody now.';
$_['text_program'] = 'The loyalty program waits to begin';
$_['text_program_gives'] = 'It would give %s points, worth %s, for %s orders of %s customers.';
$_['text_held'] = 'Held rules';
$_['text_held_since'] = 'writes nothing since %s,';
$_['button_approve'] = 'Approve';
$_['button_discard'] = 'Discard';
$_['button_planned'] = 'Show whom it would change';
$_['button_undo'] = 'Undo';
$_['button_resume'] = 'Let it go on';
$_['button_begin'] = 'Let it begin';
$_['button_filter'] = 'Filter';
$_['button_view'] = 'View run';
$_['button_older'] = 'Older';
$_['button_newest'] = 'Newest';
$_['confirm_approve'] = 'Write what run %s would change: %s customers (%s)? It is planned anew, and waits again if it has grown by more than a tenth.';
$_['confirm_discard'] = 'Drop run %s and hold its rules (%s)? They write nothing until their text changes or somebody lets them go on.';
$_['confirm_undo'] = 'Take back what run %s changed: %s customers (%s)? What was changed again since stays.';
$_['confirm_held'] = 'These rules are held: %s.';
$_['confirm_resume'] = 'Let %s go on? The next full pass applies it like a new rule, or lets it wait for approval.';
$_['confirm_begin'] = 'Give %s points, worth %s, for %s orders of %s customers?';

// What came of it
$_['outcome_applied'] = 'Run %s is applied: %s customers changed. %s';
$_['outcome_waiting'] = 'Run %s waits again: it would change %s customers now, not %s.';
$_['outcome_obsolete'] = 'Run %s had nothing left to change.';
$_['outcome_discarded'] = 'Run %s is discarded.';
$_['outcome_undone'] = 'Run %s is undone: %s changes of %s customers.';
$_['outcome_resumed'] = '%s goes on with the next full pass.';
$_['outcome_begun'] = 'The loyalty program begins with the next full pass.';
$_['outcome_held'] = 'Held until their text changes or somebody lets them go on: %s';
$_['text_stays'] = 'What stays because it was changed since: %s';

// Columns
$_['column_run'] = 'Run';
$_['column_state'] = 'State';
$_['column_kind'] = 'Kind';
$_['column_what'] = 'What';
$_['column_who'] = 'Who';
$_['column_when'] = 'When';
$_['column_customer'] = 'Customer';
$_['column_customers'] = 'Customers';
$_['column_changes'] = 'Changes';
$_['column_rules'] = 'Rules';
$_['column_before'] = 'Before';
$_['column_after'] = 'After';
$_['column_why'] = 'Why';
$_['column_action'] = 'Action';

// States and kinds of runs
$_['state_running'] = 'running';
$_['state_applied'] = 'applied';
$_['state_waiting'] = 'waits';
$_['state_undone'] = 'undone';
$_['state_discarded'] = 'discarded';
$_['state_obsolete'] = 'obsolete';
$_['state_interrupted'] = 'interrupted';
$_['state_failed'] = 'failed';
$_['run_full'] = 'full pass';
$_['run_changed'] = 'changed customers';
$_['run_clock'] = 'time';
$_['run_limits'] = 'new RFM limits';
$_['run_command'] = 'request';
$_['run_undo'] = 'undo';
$_['what_first_full_pass'] = 'first full pass';
$_['what_full_pass'] = 'full pass';
$_['what_new_and_edited_rules'] = 'new and edited rules';
$_['what_new_rfm_limits'] = 'new RFM limits';

// Changes in numbers
$_['one_tag_added'] = '%s tag added';
$_['many_tag_added'] = '%s tags added';
$_['one_tag_removed'] = '%s tag removed';
$_['many_tag_removed'] = '%s tags removed';
$_['one_segment_entered'] = '%s segment entered';
$_['many_segment_entered'] = '%s segments entered';
$_['one_segment_left'] = '%s segment left';
$_['many_segment_left'] = '%s segments left';
$_['one_group_changed'] = '%s group changed';
$_['many_group_changed'] = '%s groups changed';
$_['one_tier_changed'] = '%s tier changed';
$_['many_tier_changed'] = '%s tiers changed';

// Kinds of changes
$_['changes_audit'] = 'Tags and groups';
$_['changes_segments'] = 'Segments';
$_['changes_tiers'] = 'Tiers';
$_['changes_points'] = 'Points by hand';
$_['changes_credit'] = 'Store credit by hand';
$_['changes_privacy'] = 'Personal data';
$_['kind_tag'] = 'Tag';
$_['kind_group'] = 'Customer group';
$_['kind_segment'] = 'Segment';
$_['kind_tier'] = 'Tier';
$_['kind_points'] = 'Points';
$_['kind_credit'] = 'Store credit';
$_['kind_privacy'] = 'Request';

// Why
$_['why_rule_true'] = 'its rule holds';
$_['why_rule_false'] = 'its rule holds no more';
$_['why_rule_true_unseen'] = 'its rule holds, and a person\'s word decides';
$_['why_rule_false_unseen'] = 'its rule holds no more, and a person\'s word decides';
$_['why_word'] = 'a person\'s or an import\'s word';
$_['why_undo'] = 'undo of run %s';
$_['why_group_rose'] = 'rose on the ladder';
$_['why_group_fell'] = 'fell on the ladder';
$_['why_group_fell_off'] = 'no rung holds any more';
$_['why_group_pinned'] = 'a person decided';
$_['why_group_again'] = 'written again: a form that was open had put the old group back';
$_['why_group_undone'] = 'undone';
$_['why_tier_reached'] = 'reached';
$_['why_tier_missed'] = 'not reached again by its review';
$_['why_tier_reversed'] = 'the order that led up was given back';
$_['why_tier_locked'] = 'a person locked or unlocked it';
$_['why_tier_definition'] = 'the tiers were defined anew';
$_['why_cause_adjust'] = 'adjusted';
$_['why_cause_redeem'] = 'redeemed';
$_['why_cause_issue'] = 'issued';
$_['why_cause_waive'] = 'debt forgiven';
$_['why_cause_restore'] = 'a row of the store put back';
