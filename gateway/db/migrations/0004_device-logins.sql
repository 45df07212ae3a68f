ALTER TABLE `device_credentials` ADD `guard` text;--> statement-breakpoint
ALTER TABLE `device_credentials` DROP COLUMN `failures`;--> statement-breakpoint
ALTER TABLE `device_credentials` DROP COLUMN `blocked_until_ms`;--> statement-breakpoint
ALTER TABLE `download_nodes` ADD `executed` integer DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE `enrolment_codes` ADD `stable_id` text;