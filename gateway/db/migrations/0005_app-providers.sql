CREATE TABLE `inventory_reads` (
	`device` text NOT NULL,
	`provider` text NOT NULL,
	`context` text NOT NULL,
	`at_ms` integer NOT NULL,
	PRIMARY KEY(`device`, `provider`, `context`)
);
--> statement-breakpoint
ALTER TABLE `inventory` ADD `provider` text DEFAULT 'EnterpriseAppManagement' NOT NULL;--> statement-breakpoint
ALTER TABLE `inventory` ADD `context` text DEFAULT 'device' NOT NULL;--> statement-breakpoint
ALTER TABLE `inventory` ADD `full_name` text;--> statement-breakpoint
ALTER TABLE `inventory` ADD `upgrade_code` text;--> statement-breakpoint
-- What was told until now was told by EnterpriseAppManagement.
INSERT INTO `inventory_reads` SELECT `id`, 'EnterpriseAppManagement', 'device', max(`inventory_at_ms`)
	FROM `devices` WHERE `inventory_at_ms` IS NOT NULL GROUP BY `id`;
