"""The geocoder: asks a service of the operator's choice where a street, a quarter or a site lies, beside the stream and never in its way.

``service`` speaks to the server, ``judge`` decides whether what it says answers the question, ``memory`` keeps answers (and that there is
none), ``rest`` leaves an ill server alone, ``clerk`` does all of it for one mention; ``desk`` runs a clerk in a thread of ``tocsin run``.
"""
