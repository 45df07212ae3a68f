CREATE TABLE `device_certificates` (
	`serial` text PRIMARY KEY NOT NULL,
	`device` text NOT NULL,
	`subject` text NOT NULL,
	`certificate` text NOT NULL,
	`thumbprint` text NOT NULL,
	`key_hash` text NOT NULL,
	`authority` text NOT NULL,
	`not_before_ms` integer NOT NULL,
	`not_after_ms` integer NOT NULL,
	`issued_at_ms` integer NOT NULL,
	`user_name` text NOT NULL,
	`store` text NOT NULL,
	`revoked_at_ms` integer
);
--> statement-breakpoint
CREATE INDEX `device_certificates_by_device` ON `device_certificates` (`device`);--> statement-breakpoint
CREATE TABLE `windows_enrolments` (
	`code_hash` text PRIMARY KEY NOT NULL,
	`device` text NOT NULL,
	`serial` text NOT NULL,
	`seed` text,
	`enrolled_at_ms` integer NOT NULL
);
