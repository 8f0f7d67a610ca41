// What a customer's program does with the official client; prints what it saw as one JSON object.
// Takes the folder of node_modules as its argument, address and token from MUX_* variables, as the client does.
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/package.json`);
const { default: Mux } = require("@mux/mux-node");
const mux = new Mux({ maxRetries: 0, timeout: 20_000 });
const seen = {};

const refused = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return { name: error.constructor.name, status: error.status, type: error.error?.error?.type };
  }
};

const upload = await mux.video.uploads.create({
  cors_origin: "*",
  new_asset_settings: { playback_policies: ["public"], meta: { title: "Film" } },
});
seen.upload = { status: upload.status, timeout: upload.timeout, settings: upload.new_asset_settings };
const sent = await fetch(upload.url, { method: "PUT", body: "a film" });
seen.sent = sent.status;
const used = await mux.video.uploads.retrieve(upload.id);
seen.used = { status: used.status, url: used.url ?? null };
seen.cancelUsed = await refused(() => mux.video.uploads.cancel(upload.id));

const uploaded = await mux.video.assets.retrieve(used.asset_id);
seen.uploaded = { status: uploaded.status, title: uploaded.meta.title, policies: uploaded.playback_ids.map((p) => p.policy) };

const pulled = await mux.video.assets.create({
  inputs: [{ url: "https://example.com/film.mp4" }],
  playback_policies: ["public"],
  video_quality: "basic",
});
seen.pulled = { quality: pulled.video_quality, ingest: pulled.ingest_type };

const listed = [];
for await (const asset of mux.video.assets.list({ limit: 1 })) listed.push(asset.id); // asks page after page
seen.listed = listed.map((id) => (id === pulled.id ? "pulled" : id === uploaded.id ? "uploaded" : id));

const added = await mux.video.assets.createPlaybackId(pulled.id, { policy: "signed" });
const owner = await mux.video.playbackIds.retrieve(added.id);
seen.owner = { type: owner.object.type, mine: owner.object.id === pulled.id, policy: owner.policy };
await mux.video.assets.deletePlaybackId(pulled.id, added.id);
seen.gone = await refused(() => mux.video.assets.retrievePlaybackId(pulled.id, added.id));
await mux.video.assets.delete(pulled.id);
seen.deleted = await refused(() => mux.video.assets.retrieve(pulled.id));
seen.bad = await refused(() => mux.video.assets.create({ inputs: [] }));
seen.environment = (await mux.system.utilities.whoami()).environment_id;

console.log(JSON.stringify(seen));
