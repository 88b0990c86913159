/** The HTTP application over an applied cluster, open, in this process and without sockets. */
import assert from "node:assert/strict";
import { systemClock } from "../../core/base/ports.ts";
import { createApp } from "../../server/app.ts";
import { boot } from "../../server/boot.ts";
import { Log } from "../../server/log.ts";
import { Admission } from "../../server/middleware/admission.ts";
import { OpenBodies } from "../../server/middleware/open_bodies.ts";
import { Registry } from "../../server/registry.ts";
import { readSettings } from "../../server/settings.ts";
import { StreamRoom } from "../../server/stream_room.ts";
import { type Answer, readAnswer } from "./http_app.ts";

/** An application with real graphs. */
export interface LocalApp {
  fetch(path: string, init: RequestInit): Promise<Answer>;
  close(): Promise<void>;
}

/** Boots the cluster of a config directory that has no policy. */
export async function createLocalApp(cluster: string): Promise<LocalApp> {
  const env = { get: () => undefined };
  const outcome = readSettings(["--cluster", cluster, "--unauthenticated"], env);
  assert.ok(outcome.kind === "settings");
  const log = new Log({ level: "error", clock: systemClock, sink: () => {} });
  const { revision, tokens } = await boot(outcome.settings, env, log);
  const app = createApp({
    registry: new Registry(revision),
    tokens,
    admission: new Admission({ inflightMax: 64, bytesMax: 2 ** 32 }),
    bodies: new OpenBodies(),
    streams: new StreamRoom(),
    log,
    clock: systemClock,
    health: { version: "1.2.3", storageFormat: 1, sourceVersion: null },
  });
  return {
    fetch: async (path, init) => await readAnswer(await app.request(path, init)),
    close: async () => {
      for (const { graph } of revision.graphs.values()) await graph.close();
    },
  };
}
