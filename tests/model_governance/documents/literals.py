"""Cards and reports to make documents of: a small card, one as full as they get, evidence, hostile texts."""

from __future__ import annotations

from typing import Any

from model_governance.documents.evidence import KeptReport
from model_governance.domain.canonical import canonical_json, sha256_hex

RUN = "s3://model-governance/use-cases/loan-approval/runs/0123456789ab"
ARN = "arn:aws:sagemaker:us-east-1:111122223333"

SMALL_CARD: dict[str, Any] = {
    "model_overview": {"model_creator": "data-scientist", "model_artifact": [f"{RUN}/training/model.tar.gz"]},
    "intended_uses": {"purpose_of_model": "Rank applications.\nA clerk decides.", "risk_rating": "High"},
    "evaluation_details": [
        {
            "name": "model_quality",
            "evaluation_observation": "Verdict: warning. auc 0.61 is below 0.7",
            "datasets": [],
            "metadata": {"report": f"{RUN}/reports/model_quality.json", "sha256": "ab" * 32, "verdict": "warning"},
            "metric_groups": [
                {
                    "name": "binary_classification_metrics",
                    "metric_data": [
                        {"name": "auc", "type": "number", "value": 0.6123456, "notes": "area under the ROC curve"},
                        {"name": "threshold", "type": "string", "value": "0.5"},
                        {"name": "converged", "type": "boolean", "value": True},
                        {
                            "name": "confusion_matrix",
                            "type": "matrix",
                            "value": [[40, 33], [12, 513]],
                            "x_axis_name": ["label 0", "label 1"],
                            "y_axis_name": ["predicted 0", "predicted 1"],
                        },
                        {
                            "name": "roc_curve",
                            "type": "linear_graph",
                            "value": [[0, 0], [0.25, 0.5], [1, 1]],
                            "x_axis_name": "False positive rate",
                            "y_axis_name": "True positive rate",
                        },
                        {
                            "name": "importance",
                            "type": "bar_chart",
                            "value": [0.4, -0.1],
                            "x_axis_name": ["loan amount", "income"],
                        },
                    ],
                }
            ],
        }
    ],
    "additional_information": {"custom_details": {"owner": "model-owner", "Ведение": "ежегодно"}},
    "reviewed_by_committee": {"date": "2026-01-31", "votes": [{"who": "A", "for": True}, {"who": "B", "for": False}]},
}

HOSTILE = (
    "<script>document.title='ran'</script>",
    "<img src=x onerror=\"document.title='ran'\">",
    "\"><svg onload=document.title='ran'>",
    "' style='position:fixed' x='",
    "</style><style>*{display:none}</style>",
    "]]><!-- --><![CDATA[",
    "javascript:document.title='ran'",
    "{{ 7 * 7 }}{% raw %}",
    '#include("secret") #eval("1") $x$ *bold* @label',
    "\u202egnp.exe \u2066hidden\u2069\u200b\ufeff",
    "\x00\x07\x1b[31mred\x1b[0m\r",
    "\ud800 lone",
    "\U0001d4c0" + "W" * 3000,
    "شكرا جزيلا and שלום",
    "漢字かな交じり文 🙂",
    "a\nb\tc\u2028d\u0085e",
)


def hostile_card() -> dict[str, Any]:
    """A card that says hostile things wherever something can be said, with numbers that are none."""
    said = dict(zip(HOSTILE, reversed(HOSTILE), strict=True))
    metrics: list[Any] = [
        {"name": text, "type": kind, "value": text, "notes": text, "x_axis_name": text, text: text}
        for text in HOSTILE
        for kind in ("number", "string", "boolean", "bar_chart", "linear_graph", "matrix", text)
    ]
    nan, infinity = float("nan"), float("inf")
    metrics += [
        {"name": text, "type": "bar_chart", "value": [1, -2, 0], "x_axis_name": [text] * 3, "y_axis_name": text}
        for text in HOSTILE
    ]
    metrics += [
        {"name": "g", "type": "linear_graph", "value": [[0, 1e308], [1, -1e308]], "x_axis_name": HOSTILE[0]},
        {"name": "g", "type": "linear_graph", "value": [[nan, infinity], [0, 0]]},
        {"name": "m", "type": "matrix", "value": [[1e308, -1e308]], "x_axis_name": [HOSTILE[1]], "y_axis_name": "x"},
        {"name": "m", "type": "matrix", "value": [[nan]]},
        {"name": "b", "type": "bar_chart", "value": [1e308, -1e308, 5e-324]},
        None,
        10**5000,
        [[]],
    ]
    detail = {"name": HOSTILE[0], "evaluation_observation": HOSTILE[1], "datasets": list(HOSTILE), "metadata": said}
    return {
        "model_overview": said,
        "intended_uses": HOSTILE[0],
        "business_details": [said, None, nan],
        "training_details": {"training_job_details": {"hyper_parameters": [{"name": HOSTILE[2], "value": nan}]}},
        "evaluation_details": [{**detail, "metric_groups": [{"name": HOSTILE[3], "metric_data": metrics}, 7, None]}, 7],
        "additional_information": {"custom_details": said},
        **said,
    }


def full_card() -> dict[str, Any]:
    """A version's card as full as they get: 13 metric groups, curves of 101 points, a matrix, 32 expectations."""
    bias = [
        {
            "name": f"post_training_bias_metrics - label approve = 1 and facet {facet}",
            "metric_data": [
                {"name": name, "type": "number", "value": (place + 1) / 7, "notes": f"{name} of facet {facet}"}
                for place, name in enumerate(("DPPL", "DI", "AD", "RD", "SD", "DCA", "DCR", "TE", "CDDPL", "FT", "GE"))
            ],
        }
        for facet in ("white=0", "black=1", "hispan=1", "male=0", "married=0", "age=(40, inf)", "income=(80, inf)")
    ]
    shares = [place / 100 for place in range(101)]
    curves = [
        ("receiver_operating_characteristic_curve", [[x, x**0.4] for x in shares], "False positive rate", "Recall"),
        ("precision_recall_curve", [[x, 1 - x**3 / 4] for x in shares], "Recall", "Precision"),
    ]
    quality: list[dict[str, Any]] = [
        {
            "name": "confusion_matrix",
            "type": "matrix",
            "value": [[40, 33], [12, 513]],
            "x_axis_name": ["label 0", "label 1"],
            "y_axis_name": ["predicted 0", "predicted 1"],
        },
        *({"name": f"metric_{place}", "type": "number", "value": place / 21} for place in range(20)),
    ]
    groups = [
        *bias,
        {"name": "binary_classification_metrics", "metric_data": quality},
        *(
            {
                "name": name,
                "metric_data": [
                    {"name": name, "type": "linear_graph", "value": points, "x_axis_name": x, "y_axis_name": y}
                ],
            }
            for name, points, x, y in curves
        ),
        {
            "name": "global_shap_values",
            "metric_data": [
                {
                    "name": "global_shap_values",
                    "type": "bar_chart",
                    "value": [(18 - place) / 37 for place in range(18)],
                    "x_axis_name": [f"feature {place}" for place in range(18)],
                }
            ],
        },
        {
            "name": "data_quality",
            "metric_data": [
                {"name": f"values_to_be_between {place}", "type": "boolean", "value": True, "notes": "min_value=0"}
                for place in range(32)
            ],
        },
        {"name": "training", "metric_data": [{"name": "rounds", "type": "string", "value": "two hundred"}]},
    ]
    detail = {
        "name": "model_quality",
        "evaluation_observation": "Verdict: pass.",
        "evaluation_job_arn": f"{ARN}:transform-job/loan-approval-0123456789ab",
        "datasets": [f"{RUN}/holdout.csv"],
        "metadata": {"report": f"{RUN}/reports/model_quality.json", "sha256": "ab" * 32, "verdict": "pass"},
        "metric_groups": groups,
    }
    return {
        **SMALL_CARD,
        "business_details": {"business_problem": "Applications are many. " * 20, "line_of_business": "Retail"},
        "training_details": {
            "training_observations": "Gradient-boosted trees",
            "training_job_details": {
                "training_arn": f"{ARN}:training-job/loan-approval-0123456789ab",
                "training_datasets": [f"{RUN}/train.csv"],
                "hyper_parameters": [{"name": f"parameter_{place}", "value": str(place)} for place in range(12)],
            },
        },
        "evaluation_details": [detail],
    }


def kept(
    kind: str, report: Any, verdict: str, *measurements: dict[str, Any], content: bytes | None = b""
) -> KeptReport:
    """Evidence of a report; ``content`` takes the place of the report's own bytes, None for none."""
    own = canonical_json(report)
    record = {
        "kind": kind,
        "uri": f"{RUN}/reports/{kind}.json",
        "sha256": sha256_hex(own),
        "verdict": verdict,
        "measurements": list(measurements),
        "seed": 7,
        "code_version": "cd" * 32,
    }
    return KeptReport(record, own if content == b"" else content)
