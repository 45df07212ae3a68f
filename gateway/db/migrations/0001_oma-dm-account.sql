ALTER TABLE `device_credentials` ADD `certificate_subject` text;--> statement-breakpoint
ALTER TABLE `device_credentials` ADD `server_id` text;--> statement-breakpoint
ALTER TABLE `device_credentials` ADD `server_secret_hash` text;--> statement-breakpoint
ALTER TABLE `device_credentials` ADD `server_scheme` text;--> statement-breakpoint
ALTER TABLE `device_credentials` ADD `server_nonce` text;--> statement-breakpoint
ALTER TABLE `device_credentials` ADD `server_problem` text;--> statement-breakpoint
ALTER TABLE `device_credentials` ADD `notify_address` text;--> statement-breakpoint
ALTER TABLE `device_credentials` ADD `notify_session` integer;--> statement-breakpoint
ALTER TABLE `device_credentials` ADD `notified_at_ms` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `device_credentials_by_subject` ON `device_credentials` (`certificate_subject`);--> statement-breakpoint
UPDATE `device_credentials` SET `scheme` = 'site' WHERE `scheme` = 'any';
