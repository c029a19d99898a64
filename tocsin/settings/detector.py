"""The ``[detector]`` section: how voices become incidents."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class DetectorSettings(BaseModel):
    """Thresholds, windows and limits of the detector; every duration, distance and rate names its unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # -- the knob and its floors ------------------------------------------------------------------------------------
    false_alarm_budget_mins: float = Field(
        43_200.0, gt=0, le=5_256_000, description="One false alarm in so many minutes of one territory is accepted."
    )
    territory_budgets_mins: dict[str, float] = Field(
        default_factory=dict, description="Budgets of single territories (ISO 3166-1 alpha-2), in minutes."
    )
    min_voices: int = Field(3, ge=1, le=1_000, description="Voices needed before anything is raised.")
    min_placed_voices: int = Field(
        2, ge=1, le=1_000, description="Voices needed whose place is finer than a département."
    )
    min_placed_agreed_voices: int = Field(
        1,
        ge=1,
        le=1_000,
        description="The same where min_placed_voices agree at the scale of the hazard (a quake's town and its country), or a device "
        "of one that speaks at first hand says where it is.",
    )
    agreeing_spreads: float = Field(
        7.0,
        ge=0,
        le=100,
        description="A département, region or country says where a hazard is when its uncertainty is at most so many spreads of it.",
    )
    min_place_mass: Share = Field(
        0.65, description="Least probability that the event lies within the broadest area of its hazard."
    )
    believed_weight: float = Field(
        2.25,
        ge=0,
        le=1_000,
        description="A voice is believed when its mark weighs at least so much, unless it is a newsroom, a question, or "
        "tells only of a noise, smoke or a siren.",
    )
    min_believed_voices: int = Field(
        2, ge=0, le=1_000, description="While fewer voices are believed, doubt_nats more evidence is needed."
    )
    doubt_nats: float = Field(
        5.0,
        ge=0,
        le=100,
        description="Evidence needed beyond the threshold while fewer than min_believed_voices voices are believed.",
    )
    crowd_voices: int = Field(
        6,
        ge=1,
        le=1_000,
        description="So many voices that are no newsroom, no question and no mere noise are enough though none is believed.",
    )
    min_named_voices: int = Field(
        2,
        ge=0,
        le=1_000,
        description="Voices needed that name a hazard of the family, not only that something is wrong.",
    )
    min_meant: Share = Field(
        0.3,
        description="Least probability that a voice means the place: one that names it less surely is not of the event.",
    )
    min_unmediated_voices: int = Field(2, ge=0, le=1_000, description="Voices needed that are no newsroom.")
    min_mean_probability: Share = Field(
        0.15, description="Mean probability of a cluster's voices below which it is not raised."
    )

    # -- evidence ---------------------------------------------------------------------------------------------------
    sizes_voices: tuple[float, ...] = Field(
        (3.0, 10.0, 30.0), min_length=1, max_length=8, description="Sizes S of an event, in voices."
    )
    windows_mins: tuple[float, ...] = Field(
        (2.0, 10.0, 60.0), min_length=1, max_length=8, description="Lengths W of an event, in minutes."
    )
    calibration_nats: float = Field(
        8.5,
        ge=-30,
        le=30,
        description="Added to the evidence: what the floors already refuse. Measured on background without events.",
    )
    voice_cap_nats: float = Field(8.0, gt=0, le=30, description="Most that one voice may add to the evidence, in nats.")
    mark_floor: float = Field(0.1, gt=0, le=1, description="Least weight of a mark, in odds over the base odds.")
    mark_ceiling: float = Field(10.0, ge=1, le=1_000, description="Greatest weight of a mark, in odds over base odds.")
    retold_ceiling: float = Field(
        1.5, ge=0.1, le=1_000, description="Greatest weight of a relayed or a newsroom's mark."
    )
    base_probability: float = Field(
        0.4, gt=0, lt=1, description="Probability of an ordinary gated post: the mark that weighs 1."
    )

    # -- baseline ---------------------------------------------------------------------------------------------------
    prior_path: str = Field(
        "",
        description="A file that `tocsin baseline` wrote: a fresh detector knows its ordinary days; empty for the packaged prior alone.",
    )
    baseline_half_life_days: float = Field(56.0, gt=0, le=3_650, description="Age at which history counts half.")
    baseline_guard_mins: float = Field(120.0, ge=0, le=10_080, description="Voices younger than this are no history.")
    baseline_quantile_sigmas: float = Field(
        0.8416, ge=0, le=5, description="Upper quantile of the rate, in standard deviations (0.8416 is 80 %)."
    )
    baseline_floor_per_min: float = Field(1e-7, gt=0, le=1, description="Least rate of any place, in voices a minute.")
    retelling_alpha: float = Field(0.2, ge=0, le=1, description="Voices that one voice draws after it.")
    retelling_tau_mins: float = Field(30.0, gt=0, le=1_440, description="Time over which it draws them.")
    relay_alpha: float = Field(0.8, ge=0, le=1, description="Voices that a newsroom's or a relayed voice draws.")
    relay_tau_mins: float = Field(180.0, gt=0, le=10_080, description="Time over which it draws them.")
    retold_as_own: Share = Field(0.3, description="Share of retellings that read as first-hand.")
    echo_share: Share = Field(0.2, description="Share of the talk about an open incident that names places elsewhere.")

    fringe_share: Share = Field(
        0.3,
        description="Part of the talk about an open incident that names any one place of its fringe, beyond its r90.",
    )
    tangle_share: Share = Field(
        0.3, description="Part of the talk about an open incident that names another hazard at the same place."
    )

    # -- where ------------------------------------------------------------------------------------------------------
    spread_km: dict[str, float] = Field(
        default_factory=dict, description="Spread of a hazard in km, instead of the packaged one."
    )
    commune_mass: Share = Field(0.7, description="Posterior mass from which one commune is named alone.")

    # -- life-cycle -------------------------------------------------------------------------------------------------
    watch_secs: float = Field(120.0, ge=0, le=3_600, description="Longest wait of a burst of mere perceptions.")
    claim_km: dict[str, float] = Field(
        default_factory=dict, description="Reach of an incident over later voices beyond its r90 by hazard, in km."
    )
    quiet_mins: float = Field(
        60.0,
        gt=0,
        le=10_080,
        description="Silence after which an incident is quiet, and what is told there may raise another.",
    )
    close_mins: float = Field(360.0, gt=0, le=43_200, description="Silence after which an incident is closed.")
    surge_factor: float = Field(4.0, gt=1, le=100, description="Rise of the pace that is said aloud as a surge.")
    surge_min_voices: int = Field(8, ge=2, le=1_000, description="Voices in ten minutes below which no surge is said.")
    merge_gap_mins: float = Field(120.0, ge=0, le=1_440, description="Longest gap between two incidents that merge.")
    merge_nats: float = Field(3.0, ge=0, le=30, description="By how much one event must beat two, in nats.")
    explanation_mins: float = Field(120.0, gt=0, le=1_440, description="How long an explanation stands.")

    # -- near duplicates --------------------------------------------------------------------------------------------
    copy_bits: int = Field(9, ge=0, le=32, description="Fingerprints at most so many bits apart are copies.")
    template_bits: int = Field(
        14,
        ge=0,
        le=32,
        description="Of voices of one event whose fingerprints are at most so many bits apart the earliest counts.",
    )

    # -- limits -----------------------------------------------------------------------------------------------------
    max_pool_voices: int = Field(50_000, ge=100, le=5_000_000, description="Voices held that no incident owns.")
    max_hypothesis_voices: int = Field(96, ge=8, le=4_096, description="Voices weighed in one hypothesis.")
    max_hypothesis_zones: int = Field(24, ge=1, le=512, description="Zones weighed in one hypothesis.")
    max_incident_voices: int = Field(256, ge=8, le=65_536, description="Voices an incident holds for its posterior.")
    max_open_incidents: int = Field(1_024, ge=1, le=100_000, description="Incidents alive at once.")
    max_recent_fingerprints: int = Field(4_096, ge=64, le=1_000_000, description="Fingerprints compared for copies.")
    max_baseline_keys: int = Field(200_000, ge=1_000, le=10_000_000, description="Places with history of their own.")

    @model_validator(mode="after")
    def _windows_and_sizes_are_positive(self) -> Self:
        if min(self.sizes_voices) <= 0 or min(self.windows_mins) <= 0:
            raise ValueError("sizes_voices and windows_mins must be positive")
        if self.close_mins < self.quiet_mins:
            raise ValueError("close_mins must not be shorter than quiet_mins")
        return self

    def budget_mins(self, territory: str) -> float:
        """Give the false-alarm budget of a territory, in minutes between two false alarms."""
        return self.territory_budgets_mins.get(territory, self.false_alarm_budget_mins)
