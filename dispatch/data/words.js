"use strict";
// All words of the page, in French and English. A missing key shows itself, so that no gap goes unseen.
const WORDS = {
  fr: {
    lang: "English", theme: "Clair / sombre", truth: "Vérité terrain", silent: "Écartés et veille", heading: "Signaux, récents d'abord", between: "entre $1 et $2",
    none: "Aucun signal à cette heure.", legend: "Légende", play: "Lecture", pause: "Pause", hint: "Espace : lecture. ← → : temps. ↑ ↓ : signaux. Échap : fermer.",
    shades: "Grand cercle : 9 chances sur 10 que ce soit dedans (r90). Disque : 1 sur 2 (r50). Petits cercles : d'où l'on en parle. Un lieu calme sur la carte n'est pas un lieu sûr.",
    notice: "Aide à la décision : signaux non vérifiés, jugés par personne", close: "Fermer", map: "Carte des signaux", list: "Liste des signaux", time: "Voix entendues dans le temps, une ligne par signal",
    open: "ouvert", watch: "en veille", quiet: "calme", closed: "clos", explained: "expliqué, écarté", withdrawn: "retiré", expected: "lieu réel (simulation)", decoy: "leurre (simulation)",
    unjudged: "non vérifié", state: "État", where: "Où", radius: "Rayon r90 / r50", raised: "Signalé", first: "Première voix", updated: "Mis à jour", voices: "Voix", witnesses: "dont témoins directs", located: "localisées", denials: "démentis",
    networks: "Réseaux", usual: "Attendu d'ordinaire", evidence: "Indices", threshold: "seuil", forgery: "Coût d'un faux (comptes)", warm: "historique local", cold: "sans historique local (a priori)", hazards: "Nature", reported: "Rapporté", inferred: "Déduit", unknown: "Inconnu", terms: "Mots entendus", zones: "Où l'on en parle", history: "Révisions", reason: "Motif", place: "Lieu", at: "Heure", nobody: "rien encore", real: "Simulation", error: "du lieu réel", sure: "ce qu'il faut pour signaler",
    says: (i, h) => `${h} probable : ${i.voices} voix indépendantes${i.witnesses ? `, dont ${i.witnesses} témoins directs` : ""}, ${placed(i.place, WORDS.fr)}. D'ordinaire, ${i.expected < 0.05 ? "aucune" : number(i.expected, "fr")} en ${span(i.window_ms, "fr")}.`,
    hazard: { fire: "Incendie", road_accident: "Accident de la route", rail_accident: "Accident ferroviaire", aviation_accident: "Accident aérien", explosion: "Explosion", attack: "Attaque", flood: "Inondation", storm: "Tempête", earthquake: "Séisme", collapse: "Effondrement", industrial: "Accident industriel", rescue: "Personne en danger", landslide: "Glissement de terrain", open: "Nature inconnue" },
    why: { raised: "signalé", grown: "plus de voix", surge: "afflux", moved: "déplacé", corrected: "lieu corrigé", merged: "fusionné", split: "séparé", denied: "démenti", explained: "expliqué", quiet: "calme", reopened: "rouvert", closed: "clos", withdrawn: "retiré" },
    told: { dead: "morts", injured: "blessés", "people trapped": "personnes coincées", "people missing": "disparus", "an evacuation": "évacuation", damage: "dégâts", "a blocked way": "voie bloquée", "responders on scene": "secours sur place", trapped: "personnes coincées", missing: "disparus", evacuated: "évacuation", blocked: "voie bloquée", responders: "secours sur place", "whether anybody is hurt": "s'il y a des victimes", "whether anybody speaks at first hand": "si quelqu'un est témoin direct", "whether help is there": "si les secours sont là" },
    counts: (n, o) => `${n} signaux, ${o} ouverts`, voicesShort: (n) => `${n} voix`,
  },
  en: {
    lang: "Français", theme: "Light / dark", truth: "Ground truth", silent: "Set aside and watched", heading: "Signals, newest first", between: "between $1 and $2",
    none: "No signal at this time.", legend: "Legend", play: "Play", pause: "Pause", hint: "Space: play. ← →: time. ↑ ↓: signals. Esc: close.",
    shades: "Large circle: nine times of ten it lies inside (r90). Disc: one time of two (r50). Small circles: from where people tell of it. A quiet place on the map is not a safe place.",
    notice: "Decision support: unverified signals, no person has judged them", close: "Close", map: "Map of the signals", list: "List of signals", time: "Voices heard over time, one line a signal",
    open: "open", watch: "watched", quiet: "quiet", closed: "closed", explained: "explained, set aside", withdrawn: "withdrawn", expected: "true place (simulation)", decoy: "decoy (simulation)",
    unjudged: "unverified", state: "State", where: "Where", radius: "Radius r90 / r50", raised: "Raised", first: "First voice", updated: "Updated", voices: "Voices", witnesses: "of them first-hand", located: "placed", denials: "denials",
    networks: "Networks", usual: "Ordinarily expected", evidence: "Evidence", threshold: "threshold", forgery: "Accounts to fake it", warm: "with local history", cold: "no local history (prior)", hazards: "What", reported: "Reported", inferred: "Inferred", unknown: "Unknown", terms: "Words heard", zones: "Where people tell of it", history: "Revisions", reason: "Why", place: "Place", at: "Time", nobody: "nothing yet", real: "Simulation", error: "from the true place", sure: "needed to raise",
    says: (i) => i.sentence, told: { trapped: "people trapped", missing: "people missing", evacuated: "an evacuation", blocked: "a blocked way", responders: "responders on scene" },
    hazard: { fire: "Fire", road_accident: "Road accident", rail_accident: "Rail accident", aviation_accident: "Aviation accident", explosion: "Explosion", attack: "Attack", flood: "Flood", storm: "Storm", earthquake: "Earthquake", collapse: "Collapse", industrial: "Industrial accident", rescue: "Person in danger", landslide: "Landslide", open: "Not yet named" },
    why: { raised: "raised", grown: "more voices", surge: "surge", moved: "moved", corrected: "place corrected", merged: "merged", split: "split", denied: "denied", explained: "explained", quiet: "quiet", reopened: "reopened", closed: "closed", withdrawn: "withdrawn" },
    counts: (n, o) => `${n} signals, ${o} open`, voicesShort: (n) => `${n} ${n === 1 ? "voice" : "voices"}`,
  },
};
const SIGNS = { fire: "F", road_accident: "R", rail_accident: "T", aviation_accident: "A", explosion: "E", attack: "!", flood: "W", storm: "S", earthquake: "Q", collapse: "C", industrial: "I", rescue: "P", landslide: "L", open: "?" };

function number(value, lang, digits = 2) {
  return new Intl.NumberFormat(lang, { maximumSignificantDigits: digits }).format(value);
}

function span(millis, lang) {
  const minutes = millis / 60000;
  if (minutes < 1) return `${Math.round(millis / 1000)} s`;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${number(minutes / 60, lang)} h`;
}

// "injured: 3 voices" is written by the detector in English: the counted part is put in the reader's words.
function told(text, words) {
  const parts = /^(.+): (\d+) voices?$/.exec(text);
  if (parts) return `${words.told[parts[1]] || parts[1]} : ${words.voicesShort(Number(parts[2]))}`.replace(" : ", words === WORDS.fr ? " : " : ": ");
  return words.told[text] || text;
}

// "between X and Y" is written by the detector in English too.
function placed(place, words) {
  return place.replace(/^between (.+) and (.+)$/, words.between);
}
