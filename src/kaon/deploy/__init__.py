"""A trained tagger outside its training: ONNX files, and predictions for files of any size."""

from kaon.deploy.load import load_model
from kaon.deploy.onnx import ExportReport, export_onnx
from kaon.deploy.predict import PredictSummary, predict_files
from kaon.deploy.session import OnnxTagger

__all__ = ["ExportReport", "OnnxTagger", "PredictSummary", "export_onnx", "load_model", "predict_files"]
