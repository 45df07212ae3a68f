ALTER TABLE `quarantine` ADD `kind` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `quarantine` ADD `bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `quarantine` ADD `sha256` text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX `quarantine_by_time` ON `quarantine` (`received_at_ms`);--> statement-breakpoint
ALTER TABLE `sites` ADD `next_public_key` text;--> statement-breakpoint
ALTER TABLE `sites` ADD `next_sealing_key` text;--> statement-breakpoint
ALTER TABLE `sites` ADD `keys_since_ms` integer;--> statement-breakpoint
CREATE INDEX `inbox_by_time` ON `inbox` (`received_at_ms`);--> statement-breakpoint
UPDATE `quarantine` SET `bytes` = length(`frame`);
