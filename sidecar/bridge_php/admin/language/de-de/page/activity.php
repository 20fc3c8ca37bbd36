<?php
$_['heading_title'] = 'Verlauf';
$_['text_runs'] = 'Läufe';
$_['text_changes'] = 'Änderungen an Kunden';
$_['text_run'] = 'Lauf %s';
$_['text_filter'] = 'Filter';
$_['text_all'] = 'Alle';
$_['text_itself'] = 'Sidecar';
$_['text_ladder'] = 'die Leiter der Kundengruppen';
$_['text_nothing'] = 'nichts';
$_['text_none'] = 'keine';
$_['text_no_run'] = 'Diesen Lauf gibt es nicht.';
$_['text_no_runs'] = 'Solche Läufe gibt es nicht.';
$_['text_no_changes'] = 'So etwas wurde nicht geändert, oder es ist älter als das, was aufbewahrt wird.';
$_['text_yes'] = 'ja';
$_['text_no'] = 'nein';
$_['text_of'] = '%s geändert, %s angesehen';
$_['text_would_change'] = '%s würden sich ändern';
$_['text_set_aside'] = '%s zurückgestellt';
$_['text_changed'] = 'Was geändert wurde';
$_['text_only'] = 'Nur';
$_['text_everybody'] = 'alle';
$_['text_more'] = 'und %s weitere';
$_['help_segments'] = 'Ein- und Austritte im Augenblick dieses Laufs; ein anderer Lauf desselben Durchlaufs hat denselben Augenblick.';
$_['help_undo'] = 'Ein Rückgängigmachen lässt sich nicht rückgängig machen. Lassen Sie stattdessen die Regeln weiterlaufen.';

// Waiting
$_['text_run_waits'] = 'Lauf %s wartet auf Freigabe';
$_['text_would'] = 'Er würde %s Kunden ändern';
$_['text_planned'] = 'geplant %s';
$_['text_nobody'] = 'Er würde jetzt niemanden ändern.';
$_['text_program'] = 'Das Treueprogramm wartet auf seinen Beginn';
$_['text_program_gives'] = 'Es würde %s Punkte im Wert von %s für %s Bestellungen von %s Kunden geben.';
$_['text_held'] = 'Angehaltene Regeln';
$_['text_held_since'] = 'schreibt nichts seit %s,';
$_['button_approve'] = 'Freigeben';
$_['button_discard'] = 'Verwerfen';
$_['button_planned'] = 'Zeigen, wen er ändern würde';
$_['button_undo'] = 'Rückgängig machen';
$_['button_resume'] = 'Weiterlaufen lassen';
$_['button_begin'] = 'Beginnen lassen';
$_['button_filter'] = 'Filtern';
$_['button_view'] = 'Lauf ansehen';
$_['button_older'] = 'Ältere';
$_['button_newest'] = 'Neueste';
$_['confirm_approve'] = 'Schreiben, was Lauf %s ändern würde: %s Kunden (%s)? Er wird neu geplant und wartet wieder, wenn er um mehr als ein Zehntel gewachsen ist.';
$_['confirm_discard'] = 'Lauf %s verwerfen und seine Regeln anhalten (%s)? Sie schreiben nichts, bis sich ihr Text ändert oder jemand sie weiterlaufen lässt.';
$_['confirm_undo'] = 'Zurücknehmen, was Lauf %s geändert hat: %s Kunden (%s)? Was seither wieder geändert wurde, bleibt.';
$_['confirm_held'] = 'Diese Regeln werden angehalten: %s.';
$_['confirm_resume'] = '%s weiterlaufen lassen? Der nächste Durchlauf wendet dies wie eine neue Regel an oder lässt es auf Freigabe warten.';
$_['confirm_begin'] = '%s Punkte im Wert von %s für %s Bestellungen von %s Kunden geben?';

// What came of it
$_['outcome_applied'] = 'Lauf %s ist angewendet: %s Kunden geändert. %s';
$_['outcome_waiting'] = 'Lauf %s wartet wieder: Er würde jetzt %s Kunden ändern, nicht %s.';
$_['outcome_obsolete'] = 'Lauf %s hatte nichts mehr zu ändern.';
$_['outcome_discarded'] = 'Lauf %s ist verworfen.';
$_['outcome_undone'] = 'Lauf %s ist rückgängig gemacht: %s Änderungen an %s Kunden.';
$_['outcome_resumed'] = '%s läuft mit dem nächsten Durchlauf weiter.';
$_['outcome_begun'] = 'Das Treueprogramm beginnt mit dem nächsten Durchlauf.';
$_['outcome_held'] = 'Angehalten, bis sich ihr Text ändert oder jemand sie weiterlaufen lässt: %s';
$_['text_stays'] = 'Was bleibt, weil es seither geändert wurde: %s';

// Columns
$_['column_run'] = 'Lauf';
$_['column_state'] = 'Zustand';
$_['column_kind'] = 'Art';
$_['column_what'] = 'Was';
$_['column_who'] = 'Wer';
$_['column_when'] = 'Wann';
$_['column_customer'] = 'Kunde';
$_['column_customers'] = 'Kunden';
$_['column_changes'] = 'Änderungen';
$_['column_rules'] = 'Regeln';
$_['column_before'] = 'Vorher';
$_['column_after'] = 'Nachher';
$_['column_why'] = 'Warum';
$_['column_action'] = 'Aktion';

// States and kinds of runs
$_['state_running'] = 'läuft';
$_['state_applied'] = 'angewendet';
$_['state_waiting'] = 'wartet';
$_['state_undone'] = 'rückgängig gemacht';
$_['state_discarded'] = 'verworfen';
$_['state_obsolete'] = 'hinfällig';
$_['state_interrupted'] = 'unterbrochen';
$_['state_failed'] = 'gescheitert';
$_['run_full'] = 'Durchlauf';
$_['run_changed'] = 'geänderte Kunden';
$_['run_clock'] = 'Zeit';
$_['run_limits'] = 'neue RFM-Grenzen';
$_['run_command'] = 'Auftrag';
$_['run_undo'] = 'Rückgängig';
$_['what_first_full_pass'] = 'erster Durchlauf';
$_['what_full_pass'] = 'Durchlauf';
$_['what_new_and_edited_rules'] = 'neue und geänderte Regeln';
$_['what_new_rfm_limits'] = 'neue RFM-Grenzen';

// Changes in numbers
$_['one_tag_added'] = '%s Tag vergeben';
$_['many_tag_added'] = '%s Tags vergeben';
$_['one_tag_removed'] = '%s Tag entfernt';
$_['many_tag_removed'] = '%s Tags entfernt';
$_['one_segment_entered'] = '%s Eintritt in Segmente';
$_['many_segment_entered'] = '%s Eintritte in Segmente';
$_['one_segment_left'] = '%s Austritt aus Segmenten';
$_['many_segment_left'] = '%s Austritte aus Segmenten';
$_['one_group_changed'] = '%s Gruppe gewechselt';
$_['many_group_changed'] = '%s Gruppen gewechselt';
$_['one_tier_changed'] = '%s Stufe gewechselt';
$_['many_tier_changed'] = '%s Stufen gewechselt';

// Kinds of changes
$_['changes_audit'] = 'Tags und Gruppen';
$_['changes_segments'] = 'Segmente';
$_['changes_tiers'] = 'Stufen';
$_['changes_points'] = 'Punkte von Hand';
$_['changes_credit'] = 'Guthaben von Hand';
$_['changes_privacy'] = 'Persönliche Daten';
$_['kind_tag'] = 'Tag';
$_['kind_group'] = 'Kundengruppe';
$_['kind_segment'] = 'Segment';
$_['kind_tier'] = 'Stufe';
$_['kind_points'] = 'Punkte';
$_['kind_credit'] = 'Guthaben';
$_['kind_privacy'] = 'Anfrage';

// Why
$_['why_rule_true'] = 'die Regel trifft zu';
$_['why_rule_false'] = 'die Regel trifft nicht mehr zu';
$_['why_rule_true_unseen'] = 'die Regel trifft zu, aber das Wort eines Menschen entscheidet';
$_['why_rule_false_unseen'] = 'die Regel trifft nicht mehr zu, aber das Wort eines Menschen entscheidet';
$_['why_word'] = 'Wort eines Menschen oder eines Imports';
$_['why_undo'] = 'Lauf %s rückgängig gemacht';
$_['why_group_rose'] = 'auf der Leiter gestiegen';
$_['why_group_fell'] = 'auf der Leiter gefallen';
$_['why_group_fell_off'] = 'keine Sprosse trifft mehr zu';
$_['why_group_pinned'] = 'ein Mensch hat entschieden';
$_['why_group_again'] = 'erneut geschrieben: ein offenes Formular hatte die alte Gruppe zurückgesetzt';
$_['why_group_undone'] = 'rückgängig gemacht';
$_['why_tier_reached'] = 'erreicht';
$_['why_tier_missed'] = 'bis zur Überprüfung nicht wieder erreicht';
$_['why_tier_reversed'] = 'die Bestellung, die dahin führte, wurde zurückgegeben';
$_['why_tier_locked'] = 'ein Mensch hat sie gesperrt oder entsperrt';
$_['why_tier_definition'] = 'die Stufen wurden neu festgelegt';
$_['why_cause_adjust'] = 'angepasst';
$_['why_cause_redeem'] = 'eingelöst';
$_['why_cause_issue'] = 'ausgegeben';
$_['why_cause_waive'] = 'Schuld erlassen';
$_['why_cause_restore'] = 'eine Zeile des Shops wiederhergestellt';
