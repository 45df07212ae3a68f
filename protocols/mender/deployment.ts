/** Work for a device: one artifact. */
export interface Deployment {
  readonly id: string;
  /** Our name of the artifact's content. */
  readonly artifactId: string;
  readonly artifactName: string;
  readonly deviceTypes: readonly string[];
  readonly url: string;
  /** Until when the URL is good, in milliseconds since the epoch. */
  readonly urlExpiresAtMs: number;
}

/** The answer to the question for work, where there is some. */
export function deploymentJson(deployment: Deployment) {
  const { id, artifactId, artifactName, deviceTypes, url, urlExpiresAtMs } = deployment;
  return {
    id,
    artifact: {
      id: artifactId,
      artifact_name: artifactName,
      device_types_compatible: deviceTypes,
      source: { uri: url, expire: new Date(urlExpiresAtMs).toISOString() },
    },
  };
}
