-- What the account of the sidecar needs, and nothing else. Run it as an administrator, with
-- the names of your database (shop), prefix (oc_) and machine (localhost).
CREATE USER 'sidecar'@'localhost' IDENTIFIED BY 'a long password';

-- Read the store, and add indexes to its tables.
GRANT SELECT, INDEX ON `shop`.* TO 'sidecar'@'localhost';

-- Move customers between customer groups: the one column of the store that always is changed.
GRANT UPDATE (customer_group_id) ON `shop`.`oc_customer` TO 'sidecar'@'localhost';

-- Only where consents are kept: write the newsletter flag.
GRANT UPDATE (newsletter) ON `shop`.`oc_customer` TO 'sidecar'@'localhost';

-- Only with a loyalty program: write points, and mend them when asked.
GRANT INSERT, UPDATE, DELETE ON `shop`.`oc_customer_reward` TO 'sidecar'@'localhost';

-- Only with [credit] in a loyalty program: the same for store credit.
GRANT INSERT, UPDATE, DELETE ON `shop`.`oc_customer_transaction` TO 'sidecar'@'localhost';

-- Only where points become coupons: write them, and switch them off when their time is over.
GRANT INSERT, UPDATE ON `shop`.`oc_coupon` TO 'sidecar'@'localhost';

-- Tell what needs a person in the admin's bell, which OpenCart has a table for from 4.0 on.
-- GRANT INSERT ON `shop`.`oc_notification` TO 'sidecar'@'localhost';

-- Only where `sidecar gdpr takeover` is used, which OpenCart has tables for from 4.0 on: show
-- there how requests stand, and switch OpenCart's own job for them.
-- GRANT UPDATE (status) ON `shop`.`oc_gdpr` TO 'sidecar'@'localhost';
-- GRANT UPDATE (status) ON `shop`.`oc_cron` TO 'sidecar'@'localhost';

-- Only where people are erased, by requests or retention rules: delete and rewrite their rows in
-- whatever tables of the store and of its extensions hold some.
-- GRANT UPDATE, DELETE ON `shop`.* TO 'sidecar'@'localhost';

-- Our own tables. They need not exist yet.
GRANT ALL ON `shop`.`oc_sidecar_account` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_assertion` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_audit` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_audit_pin` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_block` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_card` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_cause` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_command` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_consent` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_consent_state` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_customer` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_earner` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_entry` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_erasure` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_export` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_export_part` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_figure` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_finding` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_hint` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_intent` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_issue` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_journal` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_kept` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_legal_hold` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_lot` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_member` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_migration` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_move` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_pin` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_privacy_act` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_privacy_request` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_program` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_purchase` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_purge` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_purge_date` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_redemption` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_restriction` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_rewarded` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_rfm_limits` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_rule` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_run` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_run_rule` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_segment` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_segment_change` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_segment_size` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_selection` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_set_aside` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_source` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_state` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_suppression` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_tag` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_tier` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_tier_change` TO 'sidecar'@'localhost';
GRANT ALL ON `shop`.`oc_sidecar_wording` TO 'sidecar'@'localhost';

-- Only where the server writes a binary log (log_bin): read it, so that changes are told at once
-- and not found by polling. It is a privilege of the whole server.
GRANT REPLICATION SLAVE ON *.* TO 'sidecar'@'localhost';
