// The licences of what the build holds, written beside it: `node licences.mjs`, run by `npm run build`.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const places = Object.entries(lock.packages).filter(([place, about]) => place && !about.dev).map(([place]) => place).sort();
const parts = places.map((place) => {
  const about = JSON.parse(readFileSync(`${place}/package.json`, "utf8"));
  const file = readdirSync(place).find((one) => /^licen[cs]e/i.test(one));
  const source = typeof about.repository === "string" ? about.repository : (about.repository?.url ?? "");
  const text = file ? readFileSync(`${place}/${file}`, "utf8").trim() : `Licence: ${about.license}`;
  return `${about.name} ${about.version} (${about.license})\n${source}\n\n${text}\n`;
});
writeFileSync("public/licences.txt", `The page is made of these, unaltered, besides its own source.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`);
