CREATE TABLE `device_attributes` (
	`device` text NOT NULL,
	`name` text NOT NULL,
	`value` text NOT NULL,
	`at_ms` integer NOT NULL,
	PRIMARY KEY(`device`, `name`)
);
--> statement-breakpoint
CREATE TABLE `device_jobs` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`device` text NOT NULL,
	`distribution` text NOT NULL,
	`attempt` integer NOT NULL,
	`protocol` text NOT NULL,
	`state` text NOT NULL,
	`updated_at_ms` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `device_jobs_by_work` ON `device_jobs` (`device`,`distribution`,`attempt`,`protocol`);--> statement-breakpoint
CREATE INDEX `device_jobs_by_device` ON `device_jobs` (`device`);--> statement-breakpoint
CREATE TABLE `device_tokens` (
	`device` text NOT NULL,
	`protocol` text NOT NULL,
	`digest` text NOT NULL,
	`previous_digest` text,
	`created_at_ms` integer NOT NULL,
	PRIMARY KEY(`device`, `protocol`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `device_tokens_by_digest` ON `device_tokens` (`protocol`,`digest`);--> statement-breakpoint
ALTER TABLE `devices` ADD `protocol` text DEFAULT 'oma-dm' NOT NULL;