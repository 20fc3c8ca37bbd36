<?php
$_['heading_title'] = 'Customers';

// The list
$_['text_list'] = 'Customer list';
$_['text_nobody'] = 'No customers match.';
$_['text_tick_page'] = 'Choose all on this page';
$_['text_results'] = 'Showing %s to %s of %s';
$_['text_results_more'] = 'Showing %s to %s of more than %s';
$_['text_more_than'] = 'more than';
$_['text_selection_over'] = 'What was found by this expression is kept for an hour, which is over:';
$_['text_selection_gone'] = 'There is no such search. Perhaps the link is old.';
$_['column_group'] = 'Group';
$_['column_orders'] = 'Orders';
$_['column_spent'] = 'Total spent';
$_['column_last'] = 'Last order';
$_['column_registered'] = 'Registered';
$_['column_action'] = 'Action';
$_['button_view'] = 'View';
$_['button_edit'] = 'Edit in the store';
$_['list_restricted'] = 'Restricted';
$_['list_no_profiling'] = 'No profiling';
$_['list_no_marketing'] = 'No marketing';

// Segments beside it
$_['quick_all'] = 'All';
$_['quick_active_accounts'] = 'Active';
$_['quick_inactive'] = 'Inactive';
$_['quick_high_value'] = 'VIP';
$_['quick_new'] = 'New';
$_['quick_wholesale'] = 'Wholesale';
$_['quick_more'] = 'More segments';

// Filters
$_['text_filter'] = 'Filter';
$_['text_from'] = 'From';
$_['text_to'] = 'To';
$_['entry_search'] = 'Search';
$_['help_search'] = 'Beginnings of name, e-mail address or telephone number';
$_['entry_segment'] = 'Segment';
$_['entry_tags_all'] = 'Has all of these tags';
$_['entry_tags_any'] = 'Has any of these tags';
$_['entry_tags_none'] = 'Has none of these tags';
$_['entry_spent'] = 'Total spent';
$_['entry_orders'] = 'Number of orders';
$_['entry_last'] = 'Last order';
$_['entry_registered'] = 'Registered';
$_['entry_country'] = 'Country';
$_['entry_region'] = 'Region';
$_['help_region'] = 'Of the default address. The country is that of the last order where there is no address.';
$_['entry_status'] = 'Status';
$_['button_filter'] = 'Filter';
$_['button_reset'] = 'Clear all filters';

// Expressions
$_['entry_expression'] = 'Expression';
$_['help_expression'] = 'Expression, e.g. country = "DE" and orders >= 3';
$_['text_as_expression'] = 'These filters as an expression';
$_['button_search'] = 'Find';
$_['button_again'] = 'Find again';
$_['button_clear'] = 'Clear';
$_['js_found'] = 'Customers found: %s';

// Many at once
$_['entry_action'] = 'Action';
$_['action_tag_add'] = 'Add tag';
$_['action_tag_remove'] = 'Remove tag';
$_['action_group_set'] = 'Set customer group';
$_['action_group_auto'] = 'Give group back to automatic';
$_['button_choose_none'] = 'Choose nobody';
$_['button_preview'] = 'Preview';
$_['button_carry_out'] = 'Carry out';
$_['button_leave'] = 'Cancel';
$_['js_chosen'] = 'Chosen: %s';
$_['js_all'] = 'Choose all that match (%s)';
$_['js_nobody'] = 'Tick customers, or choose all that match, to change many at once.';
$_['js_changes'] = '%s of %s customers would change.';
$_['js_changed'] = 'Done. Customers looked at: %s, changed: %s.';
$_['js_created'] = 'A new tag was made.';
$_['js_aside'] = 'Customers that could not be processed: %s.';
$_['js_run'] = 'Show the run, and undo it';
$_['js_number'] = 'That is more than the sidecar changes unasked. Type the number of customers (%s) to confirm it:';
$_['js_target'] = 'Say which tag.';
$_['js_reason'] = 'Say why; it is kept.';
$_['js_unsayable'] = 'All that match cannot be chosen here, as the filter names something that is not there any more.';
