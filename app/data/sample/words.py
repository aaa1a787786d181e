"""What the made-up texts are made of: words of the field, so that a search has something to find."""

from typing import Final

FEWER: Final = (
    *("genindlæggelser", "forebyggelige indlæggelser", "faldulykker", "medicinfejl", "akutte henvendelser"),
    *("ufrivillige genindlæggelser i psykiatrien", "tabte forløb", "uhensigtsmæssige overflytninger", "aflyste besøg"),
)
"""What there should be fewer of."""
BETTER: Final = (
    *("hjemmesygepleje", "genoptræning", "palliativ indsats i eget hjem", "opfølgning efter udskrivelse"),
    *("hjerterehabilitering", "telemedicinsk hjemmemonitorering", "socialsygepleje", "medicingennemgang"),
    *("tidlig opsporing", "rådgivning fra akutteamet", "støtte til pårørende", "mental sundhed", "svangreomsorg"),
    *("overgang mellem børne- og voksenpsykiatri", "kommunikation mellem sygehus og kommune", "ernæringsindsats"),
    *("tandpleje", "rygestoprådgivning", "forebyggelse", "bevægelse og fællesskab", "patientuddannelse"),
)
"""What there should be better of."""
GROUPS: Final = (
    *("multibrugere af social- og sundhedsydelser", "ældre medicinske patienter", "borgere med KOL"),
    *("borgere med type 2-diabetes", "børn og unge i mistrivsel", "borgere med psykisk sygdom og misbrug"),
    *("gravide i sårbare positioner", "mennesker med demens", "nyudskrevne patienter", "borgere med hjertesygdom"),
    *("borgere i hjemløshed", "kræftpatienter", "borgere med apopleksi", "unge med spiseforstyrrelser"),
    *("beboere på plejehjem", "borgere med flere kroniske sygdomme", "borgere med lænderygsmerter"),
)
"""Whom an initiative is for."""
TITLES: Final = (
    "Færre {fewer} blandt {group}",
    "Bedre {better} for {group}",
    "Sammen om {better} i {place}",
    "Fra {fewer} til {better}",
    "{place} afprøver {better} for {group}",
    "Broer mellem sektorerne: {better}",
)
SUMMARIES: Final = (
    "Indsatsen skal give {group} bedre {better} og dermed færre {fewer}.",
    "Sygehus, kommune og almen praksis i {place} aftaler, hvem der gør hvad for {group}.",
    "Med afsæt i sundhedsaftalen udvikles {better}, som følges op ved hver udskrivning.",
    "Et tværfagligt team tilbyder {better} inden for to døgn.",
    "Borgeren møder én indgang, og oplysninger om {better} deles på tværs af sektorer.",
    "Erfaringerne med {better} samles i en evaluering og indgår i næste sundhedsplan.",
    "Der måles på {fewer}, borgernes egen vurdering og omkostninger pr. forløb.",
)
BACKGROUNDS: Final = (
    "Opgørelser peger på mange {fewer} blandt {group} i {place}.",
    "Samarbejdet om {better} er hidtil sket fra sag til sag.",
    "{place} har flere {group} end landsgennemsnittet, og ulighed i sundhed er stigende.",
)
VISIONS: Final = ("Lighed i sundhed for {group}", "Ét sammenhængende forløb", "Sundhed tæt på hverdagen i {place}")
AIMS: Final = (
    *("Færre {fewer}", "Bedre {better}", "Flere {group} får et tilbud i tide", "Større tryghed i eget hjem"),
    *("Kortere vej fra henvisning til tilbud", "Bedre økonomi på tværs af sektorer"),
)
STAGES: Final = (
    *("Forberedelse og fælles arbejdsgange", "Afprøvning med få borgere", "Udbredelse i {place}"),
    "Evaluering og forankring",
)
GRANTS: Final = (
    "Tilskud til {better} for {group}",
    "Bevilling til færre {fewer}",
    "Tilsagn om medfinansiering af {better}",
    "Midler til udvikling af {better} i {place}",
)
CONDITIONS: Final = (
    "Under forudsætning af finanslovens vedtagelse",
    "Under forudsætning af kommunal medfinansiering",
    "Andet år udbetales, når status for {better} er godkendt",
)
ORGANISATIONS: Final = {
    "proeve-sygehus-oest": ("hospital", "Prøvesygehus Øst"),
    "proeve-laegehus": ("general_practice", "Prøvelægehuset"),
    "proeve-sygehus-vest": ("hospital", "Prøvesygehus Vest"),
    "proeve-patientforening": ("association", "Prøvepatienternes Forening"),
    "proeve-psykiatri": ("hospital", "Prøvepsykiatrien"),
    "proeve-frivilligcenter": ("association", "Prøvefrivilligcentret"),
    "proeve-professionshoejskole": ("other", "Prøveprofessionshøjskolen"),
    "proeve-velfaerdsteknologi": ("company", "Prøvevelfærdsteknologi A/S"),
}
"""Made-up partners: id, kind and name."""
FUNDERS: Final = {
    "proeve-ministerium": ("ministry", "Prøveministeriet"),
    "proeve-styrelse": ("agency", "Prøvestyrelsen"),
    "proeve-fond-naer-sundhed": ("foundation", "Prøvefonden for nær sundhed"),
    "proeve-fond-oeresund": ("foundation", "Prøvefonden Øresund"),
    "proeve-fond-lighed": ("foundation", "Prøvefonden for lighed i sundhed"),
}
"""Made-up funders, those who pay the most first."""
PROGRAMMES: Final = {
    "proeve-pulje-lighed": "Prøvepulje til lighed i sundhed",
    "proeve-pulje-naer-sundhed": "Prøvepulje til det nære sundhedsvæsen",
    "proeve-pulje-akut": "Prøvepulje til kommunale akutfunktioner",
    "proeve-pulje-psykiatri": "Prøvepulje til sammenhæng i psykiatrien",
    "proeve-pulje-aeldre": "Prøvepulje til ældre medicinske patienter",
    "proeve-pulje-forebyggelse": "Prøvepulje til forebyggelse",
    "proeve-pulje-telemedicin": "Prøvepulje til telemedicin",
    "proeve-pulje-rehabilitering": "Prøvepulje til rehabilitering",
    "proeve-pulje-boern-og-unge": "Prøvepulje til børn og unges trivsel",
    "proeve-pulje-graensen": "Prøvepulje til samarbejde over Øresund",
}
"""Made-up programmes, those that give the most first."""
