CREATE TABLE `admin_sessions` (
	`id_hash` text PRIMARY KEY NOT NULL,
	`administrator` text NOT NULL,
	`csrf_token` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`expires_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `administrators` (
	`name` text PRIMARY KEY NOT NULL,
	`password_hash` text NOT NULL,
	`role` text NOT NULL,
	`must_change` integer NOT NULL,
	`created_at_ms` integer NOT NULL,
	`disabled_at_ms` integer
);
--> statement-breakpoint
CREATE TABLE `api_tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`token_hash` text NOT NULL,
	`role` text NOT NULL,
	`scopes` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`expires_at_ms` integer,
	`last_used_at_ms` integer,
	`revoked_at_ms` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_tokens_by_hash` ON `api_tokens` (`token_hash`);--> statement-breakpoint
CREATE TABLE `audit_log` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at_ms` integer NOT NULL,
	`by` text NOT NULL,
	`action` text NOT NULL,
	`subject` text NOT NULL,
	`details` text NOT NULL,
	`address` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_log_by_time` ON `audit_log` (`at_ms`);--> statement-breakpoint
CREATE TABLE `idempotent_answers` (
	`key` text PRIMARY KEY NOT NULL,
	`request_hash` text NOT NULL,
	`status` integer NOT NULL,
	`body` text NOT NULL,
	`created_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `blobs` (
	`sha256` text PRIMARY KEY NOT NULL,
	`md5` text,
	`name` text NOT NULL,
	`bytes` integer NOT NULL,
	`state` text NOT NULL,
	`filled_bytes` integer NOT NULL,
	`etag` text,
	`problem` text,
	`created_at_ms` integer NOT NULL,
	`verified_at_ms` integer,
	`last_used_at_ms` integer
);
--> statement-breakpoint
CREATE TABLE `content_served` (
	`key` text PRIMARY KEY NOT NULL,
	`sha256` text NOT NULL,
	`day` text NOT NULL,
	`requests` integer NOT NULL,
	`bytes` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `content_served_by_blob` ON `content_served` (`sha256`);--> statement-breakpoint
CREATE TABLE `device_aliases` (
	`protocol` text NOT NULL,
	`external_id` text NOT NULL,
	`device` text NOT NULL,
	PRIMARY KEY(`protocol`, `external_id`)
);
--> statement-breakpoint
CREATE INDEX `device_aliases_by_device` ON `device_aliases` (`device`);--> statement-breakpoint
CREATE TABLE `device_credentials` (
	`device` text PRIMARY KEY NOT NULL,
	`user_name` text NOT NULL,
	`secret_hash` text NOT NULL,
	`previous_secret_hash` text,
	`scheme` text NOT NULL,
	`next_nonce` text,
	`failures` integer NOT NULL,
	`blocked_until_ms` integer
);
--> statement-breakpoint
CREATE TABLE `devices` (
	`site` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`platform` text NOT NULL,
	`stable_id` text NOT NULL,
	`manufacturer` text,
	`model` text,
	`os_version` text,
	`os_major` integer,
	`os_platform` text,
	`cpu` text,
	`ownership` text NOT NULL,
	`shared` integer NOT NULL,
	`user_enrolled` integer NOT NULL,
	`user_assigned` integer NOT NULL,
	`compliance` text NOT NULL,
	`enrolment` text NOT NULL,
	`enrolment_digest` text,
	`incarnation` integer NOT NULL,
	`sequence` integer NOT NULL,
	`registered_at_ms` integer NOT NULL,
	`last_contact_ms` integer,
	`inventory_at_ms` integer,
	`removed_at_ms` integer,
	PRIMARY KEY(`site`, `id`)
);
--> statement-breakpoint
CREATE INDEX `devices_by_id` ON `devices` (`id`);--> statement-breakpoint
CREATE INDEX `devices_by_name` ON `devices` (`name`);--> statement-breakpoint
CREATE TABLE `download_nodes` (
	`device` text NOT NULL,
	`product_id` text NOT NULL,
	`distribution` text NOT NULL,
	`attempt` integer NOT NULL,
	`status` integer,
	`changed_at_ms` integer NOT NULL,
	`gone` integer NOT NULL,
	PRIMARY KEY(`device`, `product_id`)
);
--> statement-breakpoint
CREATE TABLE `enrolment_codes` (
	`id` text PRIMARY KEY NOT NULL,
	`code_hash` text NOT NULL,
	`note` text NOT NULL,
	`template` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`expires_at_ms` integer NOT NULL,
	`used_at_ms` integer,
	`used_by` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `enrolment_codes_by_hash` ON `enrolment_codes` (`code_hash`);--> statement-breakpoint
CREATE TABLE `instants` (
	`device` text NOT NULL,
	`start_ms` integer NOT NULL,
	`end_ms` integer NOT NULL,
	`instant_ms` integer NOT NULL,
	`evaluated_at_ms` integer,
	`closed` integer NOT NULL,
	PRIMARY KEY(`device`, `start_ms`)
);
--> statement-breakpoint
CREATE TABLE `inventory` (
	`device` text NOT NULL,
	`product_id` text NOT NULL,
	`version` text,
	`title` text,
	`publisher` text,
	`install_date` text,
	`install_date_raw` text,
	`seen_at_ms` integer NOT NULL,
	PRIMARY KEY(`device`, `product_id`)
);
--> statement-breakpoint
CREATE TABLE `knocks` (
	`protocol` text NOT NULL,
	`external_id` text NOT NULL,
	`address` text NOT NULL,
	`details` text NOT NULL,
	`first_at_ms` integer NOT NULL,
	`last_at_ms` integer NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`protocol`, `external_id`)
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`device` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`state` text NOT NULL,
	`updated_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `values` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `facts` (
	`site` text NOT NULL,
	`site_incarnation` integer NOT NULL,
	`seq` integer NOT NULL,
	`kind` text NOT NULL,
	`device` text NOT NULL,
	`distribution` text,
	`at_ms` integer NOT NULL,
	`hlc` text NOT NULL,
	`source` text NOT NULL,
	`protocol` text NOT NULL,
	`value` text NOT NULL,
	`last_error` integer,
	`text` text,
	`version` text,
	`operation` text,
	`incarnation` integer NOT NULL,
	`attempt` integer,
	`sequence` integer,
	`status` text,
	`state` text,
	`actor` text,
	`anomaly` integer NOT NULL,
	`effect` text NOT NULL,
	`by` text NOT NULL,
	PRIMARY KEY(`site`, `site_incarnation`, `seq`)
);
--> statement-breakpoint
CREATE INDEX `facts_by_installation` ON `facts` (`device`,`distribution`);--> statement-breakpoint
CREATE TABLE `installations` (
	`site` text NOT NULL,
	`distribution` text NOT NULL,
	`device` text NOT NULL,
	`package` text NOT NULL,
	`revision` text NOT NULL,
	`platform` text NOT NULL,
	`status` text NOT NULL,
	`state` text,
	`operation` text NOT NULL,
	`target_version` text NOT NULL,
	`version` text,
	`incarnation` integer NOT NULL,
	`attempt` integer NOT NULL,
	`sequence` integer NOT NULL,
	`hlc` text NOT NULL,
	`observed_at_ms` integer NOT NULL,
	`since_ms` integer NOT NULL,
	`reason` text,
	`reason_detail` text NOT NULL,
	`next_attempt_ms` integer,
	`source` text,
	`native_value` text,
	`last_error` integer,
	`last_error_text` text,
	`anomaly` integer NOT NULL,
	`stale` integer NOT NULL,
	`managed` integer,
	`actor` text,
	`requested_at_ms` integer,
	`released_until_ms` integer,
	`offered_at_ms` integer,
	`missed_occurrences` integer NOT NULL,
	`counted` integer NOT NULL,
	`current` integer NOT NULL,
	`winner` integer NOT NULL,
	`revision_counter` integer NOT NULL,
	PRIMARY KEY(`site`, `distribution`, `device`)
);
--> statement-breakpoint
CREATE INDEX `installations_by_device` ON `installations` (`device`);--> statement-breakpoint
CREATE INDEX `installations_by_package` ON `installations` (`package`);--> statement-breakpoint
CREATE INDEX `installations_by_change` ON `installations` (`revision_counter`);--> statement-breakpoint
CREATE TABLE `inbox` (
	`site` text NOT NULL,
	`incarnation` integer NOT NULL,
	`frame_seq` integer NOT NULL,
	`kind` text NOT NULL,
	`bytes` integer NOT NULL,
	`sha256` text NOT NULL,
	`received_at_ms` integer NOT NULL,
	PRIMARY KEY(`site`, `incarnation`, `frame_seq`)
);
--> statement-breakpoint
CREATE TABLE `issued_incarnations` (
	`device` text PRIMARY KEY NOT NULL,
	`incarnation` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `join_codes` (
	`id` text PRIMARY KEY NOT NULL,
	`code_hash` text NOT NULL,
	`site` text NOT NULL,
	`name` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at_ms` integer NOT NULL,
	`expires_at_ms` integer NOT NULL,
	`used_at_ms` integer,
	`used_by_key` text
);
--> statement-breakpoint
CREATE TABLE `journal_positions` (
	`site` text NOT NULL,
	`incarnation` integer NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`site`, `incarnation`)
);
--> statement-breakpoint
CREATE TABLE `outbox` (
	`site_incarnation` integer NOT NULL,
	`frame_seq` integer NOT NULL,
	`kind` text NOT NULL,
	`frame` blob NOT NULL,
	`created_at_ms` integer NOT NULL,
	PRIMARY KEY(`site_incarnation`, `frame_seq`)
);
--> statement-breakpoint
CREATE TABLE `quarantine` (
	`id` text PRIMARY KEY NOT NULL,
	`site` text NOT NULL,
	`incarnation` integer NOT NULL,
	`frame_seq` integer NOT NULL,
	`reason` text NOT NULL,
	`frame` blob NOT NULL,
	`received_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `quarantine_by_site` ON `quarantine` (`site`);--> statement-breakpoint
CREATE TABLE `sites` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`time_zone` text NOT NULL,
	`public_key` text NOT NULL,
	`sealing_key` text NOT NULL,
	`instance` text NOT NULL,
	`former_instances` text NOT NULL,
	`incarnation` integer NOT NULL,
	`acknowledged_seq` integer NOT NULL,
	`needs_snapshot` integer NOT NULL,
	`joined_at_ms` integer NOT NULL,
	`last_seen_ms` integer,
	`as_of_ms` integer,
	`clock_offset_ms` integer,
	`confirmed_policy_version` integer NOT NULL,
	`alarm` text,
	`revoked_at_ms` integer
);
--> statement-breakpoint
CREATE TABLE `document_updates` (
	`name` text NOT NULL,
	`seq` integer NOT NULL,
	`update` blob NOT NULL,
	PRIMARY KEY(`name`, `seq`)
);
--> statement-breakpoint
CREATE TABLE `documents` (
	`name` text PRIMARY KEY NOT NULL,
	`state` blob NOT NULL,
	`version` integer NOT NULL,
	`updated_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `policy_records` (
	`key` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`id` text NOT NULL,
	`origin` text NOT NULL,
	`body` text NOT NULL,
	`quarantine` text,
	`updated_at_ms` integer NOT NULL
);
